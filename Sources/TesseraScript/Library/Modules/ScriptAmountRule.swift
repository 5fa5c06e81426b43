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
        return try locatingErrors(path: "amount rule '\(module.name)'") {
            try ScriptAmountProblem.counts(results.first ?? .nil, of: problem)
        }
    }
}
