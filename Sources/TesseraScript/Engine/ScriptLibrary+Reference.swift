/// The reference page and the editors' annotations, from the same declarations that scripts run on.
extension ScriptLibrary {
    /// A Markdown page with every function and class.
    public var reference: String {
        var lines = ["# \(name)", "", summary, "", "## Functions", ""]
        for function in functions { lines += Self.entry("\(name).\(function.signature)", function) }
        for constant in constants {
            lines += Self.entry("\(name).\(constant.name): \(constant.type)", constant.summary)
        }
        for type in types {
            lines += ["## \(type.name)", "", type.summary, ""]
            for property in type.properties {
                lines += Self.entry("\(type.variable).\(property.name): \(property.signature)", property)
            }
            for method in type.methods { lines += Self.entry("\(type.variable):\(method.signature)", method) }
            if type.isClosable {
                lines += Self.entry(
                    "\(type.variable):close()",
                    "Releases it now instead of when it is collected; `local \(type.variable) <close> = …` does so too."
                )
            }
            for op in type.operators { lines += Self.entry(op.signature, op) }
            if let element = type.element { lines += Self.entry(element.signature, element) }
        }
        for record in records {
            lines += ["## \(record.name)", "", record.summary, ""]
            for field in record.fields { lines += Self.entry("\(field.name): \(field.type)", field.summary) }
        }
        return lines.joined(separator: "\n")
    }

    private static func entry(_ signature: String, _ binding: Binding) -> [String] {
        var lines = entry(signature, binding.summary)
        if let example = binding.example { lines += ["```lua", example, "```", ""] }
        return lines
    }

    private static func entry(_ signature: String, _ summary: String) -> [String] {
        ["`\(signature)`", ": \(summary)", ""]
    }

    /// A definition file for the Lua language server.
    public var annotations: String {
        var lines = ["---@meta", ""]
        for type in types {
            lines += ["---\(type.summary)", "---@class \(type.name)"]
            for property in type.properties {
                lines.append("---@field \(property.name) \(property.signature) \(property.summary)")
            }
            for method in type.methods {
                lines.append("---@field \(method.name) \(method.functionType(receiver: type.name)) \(method.summary)")
            }
            if type.isClosable { lines.append("---@field close fun(self: \(type.name))") }
            lines += type.operators.compactMap { $0.operatorAnnotation(of: type) }
            if let element = type.element, let result = element.signature.components(separatedBy: " -> ").last {
                lines.append("---@field [any] \(result) \(element.summary)")
            }
            lines.append("")
        }
        for record in records {
            lines += ["---\(record.summary)", "---@class \(record.name)"]
            lines += record.fields.map { "---@field \($0.name) \($0.type) \($0.summary)" }
            lines.append("")
        }
        lines += ["---\(summary)", "\(name) = {}"]
        for constant in constants {
            lines += ["", "---\(constant.summary)", "---@type \(constant.type)", "\(name).\(constant.name) = nil"]
        }
        var tables: Set<String> = []
        for function in functions {
            let path = function.name.split(separator: ".")
            for end in path.indices.dropFirst() {
                let table = path[..<end].joined(separator: ".")
                if tables.insert(table).inserted { lines.append("\(name).\(table) = {}") }
            }
            lines += [
                "", "---\(function.summary)", "---@type \(function.functionType())", "\(name).\(function.name) = nil",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension ScriptType {
    /// What an example calls an instance.
    fileprivate var variable: String { name.lowercased() }
}

extension Binding {
    /// What an operator gives, for editors: `---@operator add(Tensor|number): Tensor`; nil for one that they know nothing of.
    fileprivate func operatorAnnotation(of type: ScriptType) -> String? {
        switch name {
        case "__add", "__sub", "__mul", "__div", "__pow":
            "---@operator \(name.dropFirst(2))(\(type.name)|number): \(type.name)"
        case "__unm": "---@operator unm: \(type.name)"
        case "__len": "---@operator len: integer"
        default: nil
        }
    }

    /// The signature as a type of the Lua language server: `network(path: string) -> Network` becomes
    /// `fun(path: string): Network`, and `tensor{shape: integer[]} -> Tensor` `fun(options: {shape: integer[]}): Tensor`.
    fileprivate func functionType(receiver: String? = nil) -> String {
        let plain = name.split(separator: ".").last.map(String.init) ?? name
        let start = signature.hasPrefix(name) ? name : plain
        let parts = signature.dropFirst(start.count).split(separator: " -> ", maxSplits: 1)
        var parameters = parts.first.map(String.init) ?? "()"
        if parameters.hasPrefix("{") { parameters = "(options: \(parameters))" }
        if let receiver {
            let rest = parameters.dropFirst()
            parameters = "(self: \(receiver)" + (rest == ")" ? ")" : ", " + rest)
        }
        return "fun" + parameters + (parts.count > 1 ? ": \(parts[1])" : "")
    }
}

extension ScriptLibrary {
    /// The examples of the reference, with what they are of.
    public var examples: [(name: String, source: String)] {
        let members = types.flatMap { type in
            (type.properties + type.methods + type.operators + [type.element].compactMap { $0 })
                .map { ("\(type.name).\($0.name)", $0) }
        }
        return (functions.map { ("\(name).\($0.name)", $0) } + members).compactMap { name, binding in
            binding.example.map { (name, $0) }
        }
    }
}
