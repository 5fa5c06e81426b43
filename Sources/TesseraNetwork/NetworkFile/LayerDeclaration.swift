import TesseraCore

/// One layer as it is written, repetitions written out: an operator, and what every layer can say of itself.
struct LayerDeclaration {
    let op: any Operator
    /// Its place in the file.
    let location: SourceLocation?
    let common: CommonKeys

    /// - Parameters:
    ///   - operatorName: the key of the layer's entry.
    ///   - configuration: its value: keys of the operator among the common ones, a lone value, or nothing.
    init(
        _ operatorName: String, _ configuration: Configuration, location: SourceLocation?,
        operators: Registry<any Operator>
    ) throws {
        let module = try locatingErrors(at: location) { try operators.module(operatorName) }
        let common = try CommonKeys(configuration)
        op = try nestingErrors(path: common.name ?? operatorName, at: configuration.location) {
            try module.make(CommonKeys.removed(from: configuration))
        }
        self.location = location
        self.common = common
    }
}

/// The keys that every layer has, whatever its operator.
struct CommonKeys {
    struct Reference {
        var name: String
        var location: SourceLocation?
    }

    /// Nil for a layer that is given a name later.
    private(set) var name: String?
    /// What the layer reads; nil for the layer before it.
    private(set) var from: [Reference]?

    init(_ configuration: Configuration) throws {
        if let value = configuration["name"] {
            let text = try locatingErrors(path: "name") { try String(configuration: value) }
            guard !text.isEmpty else {
                throw TesseraError(.invalidArgument, "expected a name, found ''", location: value.location)
            }
            name = text
        }
        if let value = configuration["from"] {
            var elements = [value]
            if case .list(let list) = value.content { elements = list }
            from = try elements.map { element in
                let name = try locatingErrors(path: "from") { try String(configuration: element) }
                return Reference(name: name, location: element.location)
            }
        }
    }

    /// What is left for the operator.
    static func removed(from configuration: Configuration) -> Configuration {
        guard case .map(let entries) = configuration.content else { return configuration }
        let own = entries.filter { $0.key != "name" && $0.key != "from" }
        return Configuration(.map(own), at: configuration.location)
    }
}
