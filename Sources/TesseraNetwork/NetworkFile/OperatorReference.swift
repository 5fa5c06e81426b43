import TesseraCore

/// A page on all operators, made of what they declare: their inputs, weights, outputs, shapes and keys.
public struct OperatorReference {
    private let modules: [Module<any Operator>]

    public init(_ operators: Registry<any Operator>) { modules = operators.modules }

    /// The page as Markdown.
    public var markdown: String {
        var lines = [
            "# Operators", "",
            "<!-- Made of the operators' declarations: change those, then see CONTRIBUTING.md. -->", "",
            "What layers can be, with their inputs, weights, outputs and keys. [networks.md](networks.md) says how layers are",
            "written. Every weight may also be given as an input, after all others. A key marked with * must be there; one in",
            "**bold** is the main one, whose value may stand alone: `- max_pool: 2`. [Training](training.md) goes through operators",
            "that have a gradient; the others may stand before the first layer with weights.", "",
            "| operator | what it does | gradient |",
            "|---|---|---|",
        ]
        lines += modules.map { module in
            let gradient = module.type is any DifferentiableOperator.Type ? "yes" : "no"
            return "| [`\(module.name)`](#\(module.name)) | \(Self.cell(module.summary)) | \(gradient) |"
        }
        for module in modules { lines += section(on: module) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func section(on module: Module<any Operator>) -> [String] {
        var lines = ["", "## \(module.name)", "", module.summary + "."]
        if let type = module.type as? any Operator.Type { lines += ["", facts(of: type)] }
        guard !module.keys.isEmpty else { return lines }
        lines += ["", "| key | type | default | what it is |", "|---|---|---|---|"]
        return lines + module.keys.map { row(on: $0, isMain: $0.name == module.type?.shorthandKey) }
    }

    private func facts(of type: any Operator.Type) -> String {
        let usual = type.init()
        var facts = ["Shapes: \(Self.escaped(type.shapes))."]
        if type.inputNames.count > 1 || usual.inputCount.upperBound == .max {
            let names = type.inputNames.enumerated().map { index, name in
                index < usual.inputCount.lowerBound ? "`\(name)`" : "`\(name)` (may be left out)"
            }
            let isRepeated = usual.inputCount.upperBound == .max
            facts.append("Inputs: \(names.joined(separator: ", "))\(isRepeated ? ", and further ones" : "").")
        }
        if !type.parameterNames.isEmpty {
            facts.append("Weights: \(type.parameterNames.map { "`\($0)`" }.joined(separator: ", ")).")
        }
        if usual.outputNames.count > 1 {
            let others = usual.outputNames.dropFirst().map { "`LAYER.\($0)`" }.joined(separator: ", ")
            facts.append("Outputs: `LAYER` (\(usual.outputNames[0])), \(others).")
        }
        return facts.joined(separator: " \\\n")
    }

    private func row(on key: KeyDescription, isMain: Bool) -> String {
        let name = isMain ? "**`\(key.name)`**" : "`\(key.name)`"
        let fallback = key.fallback.map { $0.isNull ? "none" : "`\(YAMLWriter.flow($0))`" } ?? ""
        return
            "| \(name)\(key.isRequired ? "*" : "") | \(Self.cell(key.type)) | \(Self.cell(fallback)) | \(Self.cell(key.summary)) |"
    }

    private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }

    /// Without anything that Markdown would read as a link.
    private static func escaped(_ text: String) -> String { text.replacing("[", with: "\\[") }
}
