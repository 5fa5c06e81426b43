import Tessera

/// A rule for how much is pruned that is a Lua function.
struct ScriptAmountRule: AmountRule {
    var module: ScriptModule
    /// The rule's further options.
    var options: Configuration

    func counts(for problem: AmountProblem) throws -> [Int] {
        let results = try module.call([
            .object(ScriptAmountProblem(problem)), .table(try module.values(of: options)),
        ])
        do {
            return try ScriptAmountProblem.counts(results.first ?? .nil, of: problem)
        } catch {
            // The script is at fault, and not what was asked of it.
            throw TesseraError(.scriptFailure, "\(error)", path: module.title)
        }
    }
}
