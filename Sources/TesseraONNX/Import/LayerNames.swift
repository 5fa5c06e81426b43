/// Gives every layer a name that is unique and says where it comes from.
struct LayerNames {
    private var names: UniqueNames

    /// - Parameter inputs: the names of the graph's inputs.
    init(inputs: [String]) { names = UniqueNames(taken: inputs) }

    func isFree(_ name: String) -> Bool { names.isFree(name) }

    /// Takes `name`, or the first of `name_2`, `name_3`, … that is free together with its outputs.
    mutating func claim(_ name: String, outputs: [String]) -> String {
        names.claim(name) { Self.values($0, outputs: outputs) }
    }

    /// The layer's own name stands for its first output, and `.output` for that as well.
    private static func values(_ name: String, outputs: [String]) -> [String] {
        [name, "\(name).output"] + outputs.map { "\(name).\($0)" }
    }

    /// A layer's name for a node: its scope for nodes that PyTorch names (`/layer1/layer1.0/conv1/Conv`: `layer1.0.conv1`),
    /// else its name, else that of its output, else its operator's.
    static func base(node: String, operatorType: String, output: String) -> String {
        guard !node.isEmpty else {
            let name = sanitized(output)
            return name.isEmpty || name.allSatisfy(\.isNumber) ? operatorType.lowercased() : name
        }
        guard node.hasPrefix("/") else { return sanitized(node) }
        var steps: [Substring] = []
        for step in node.split(separator: "/") {
            // A step repeats the one around it: `layer1`, then `layer1.0`.
            if let last = steps.last, step.hasPrefix(last + ".") { steps.removeLast() }
            steps.append(step)
        }
        if steps.count > 1, let last = steps.last, last == operatorType || last.hasPrefix(operatorType + "_") {
            steps.removeLast()
            let suffix = last.dropFirst(operatorType.count)
            return sanitized(steps.joined(separator: ".") + suffix)
        }
        return sanitized(steps.joined(separator: "."))
    }

    /// The name with nothing in it that would need care in a network file or a path.
    static func sanitized(_ name: String) -> String {
        let characters = name.unicodeScalars.map { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", ".", "-": Character(scalar)
            case "/": Character(".")
            default: Character("_")
            }
        }
        return String(String(characters.prefix(200)).drop { $0 == "." || $0 == "-" })
    }
}
