import TesseraCore

/// Checks values against JSON Schemas, as far as the keywords that Tessera's own schemas use. An unknown one is an error.
public struct SchemaChecker {
    private let document: Configuration

    public init(_ document: Configuration) { self.document = document }

    /// What is wrong with a value, nothing if it is valid.
    public func problems(of value: Configuration) throws -> [String] {
        try problems(of: value, document, path: "")
    }

    private func problems(of value: Configuration, _ schema: Configuration, path: String) throws -> [String] {
        try schema.entries().flatMap { entry in
            switch entry.key {
            case "$schema", "$defs", "title", "description", "default": return [String]()
            case "$ref":
                let name = try String(configuration: entry.value).replacing("#/$defs/", with: "")
                guard let definition = document["$defs"]?[name] else {
                    throw TesseraError(.notFound, "the schema has no definition '\(name)'")
                }
                return try problems(of: value, definition, path: path)
            case "type":
                let types = try [String](configuration: entry.value)
                return types.contains { value.isOfType($0) } ? [] : ["\(path): expected \(types), found \(value)"]
            case "const": return value == entry.value ? [] : ["\(path): expected \(entry.value), found \(value)"]
            case "enum":
                let values = try entry.value.elements()
                return values.contains(value) ? [] : ["\(path): expected one of \(values), found \(value)"]
            case "pattern":
                guard case .string(let text) = value.content, entry.value == "[{]".configuration else {
                    return entry.value == "[{]".configuration ? [] : ["\(path): unknown pattern \(entry.value)"]
                }
                return text.contains("{") ? [] : ["\(path): expected an expression in braces, found '\(text)'"]
            case "items":
                guard case .list(let elements) = value.content else { return [] }
                return try elements.enumerated().flatMap {
                    try problems(of: $0.element, entry.value, path: "\(path)[\($0.offset)]")
                }
            case "anyOf":
                let all = try entry.value.elements().map { try problems(of: value, $0, path: path) }
                guard !all.contains(where: \.isEmpty) else { return [] }
                // What is nearest to what was meant is the longest way into the value.
                return all.max { ($0.first?.count ?? 0) < ($1.first?.count ?? 0) } ?? []
            case "properties": return try propertyProblems(of: value, entry.value, path: path)
            case "additionalProperties": return try additionalProblems(of: value, schema, entry.value, path: path)
            case "required":
                guard case .map = value.content else { return [] }
                return try [String](configuration: entry.value).filter { value[$0] == nil }.map {
                    "\(path): missing \($0)"
                }
            case "minProperties", "maxProperties":
                guard case .map(let entries) = value.content, case .integer(let limit) = entry.value.content else {
                    return []
                }
                let isFine = entry.key == "minProperties" ? entries.count >= limit : entries.count <= limit
                return isFine ? [] : ["\(path): expected \(entry.key) of \(limit), found \(entries.count)"]
            default: throw TesseraError(.notSupported, "unknown keyword '\(entry.key)' in the schema")
            }
        }
    }

    private func propertyProblems(
        of value: Configuration, _ properties: Configuration, path: String
    ) throws -> [String] {
        guard case .map(let entries) = value.content else { return [] }
        return try entries.flatMap { entry in
            try properties[entry.key].map { try problems(of: entry.value, $0, path: "\(path).\(entry.key)") } ?? []
        }
    }

    private func additionalProblems(
        of value: Configuration, _ schema: Configuration, _ others: Configuration, path: String
    ) throws -> [String] {
        guard case .map(let entries) = value.content else { return [] }
        return try entries.filter { schema["properties"]?[$0.key] == nil }.flatMap { entry in
            if case .bool(let isAllowed) = others.content {
                return isAllowed ? [] : ["\(path): unknown key '\(entry.key)'"]
            }
            return try problems(of: entry.value, others, path: "\(path).\(entry.key)")
        }
    }
}

extension Configuration {
    fileprivate func isOfType(_ name: String) -> Bool {
        switch (name, content) {
        case ("null", .null), ("boolean", .bool), ("integer", .integer), ("number", .integer), ("number", .number),
            ("string", .string), ("array", .list), ("object", .map):
            true
        default: false
        }
    }
}
