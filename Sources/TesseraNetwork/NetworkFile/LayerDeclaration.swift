import TesseraCore

/// What stands in a list of layers, repetitions and conditions written out.
enum LayerItem {
    case layer(LayerDeclaration)
    case group(LayerGroup)
    /// What could not be read, so that others can still refer to it.
    ///
    /// - Parameters:
    ///   - name: its name, if it is given one.
    ///   - kind: what it claims to be.
    ///   - hidesNames: true if there may be layers in it that others refer to.
    case unreadable(name: String?, kind: String, hidesNames: Bool)
}

/// One layer as it is written: an operator, and what every layer can say of itself.
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

    /// A layer that stands in no file.
    init(_ op: any Operator, _ common: CommonKeys) {
        self.op = op
        self.common = common
        location = nil
    }
}

/// Layers that are known by one name from outside, which is what their names begin with: a block where it is used, or the
/// layers of a `when` that has a name.
struct LayerGroup {
    /// The block's name.
    let kind: String
    let common: CommonKeys
    /// What the layers call what the group reads.
    let inputs: [String]
    let items: [LayerItem]
    let location: SourceLocation?
    /// Where the block is used; nil for a `when`, whose layers also see the names around them.
    let use: BlockUse?
}

/// The keys that every layer has, whatever its operator.
struct CommonKeys {
    private struct Declaration: Configurable {
        var name: String?
        var from: [String]?

        static var keys: [Key<Self>] {
            [
                Key("name", \.name, "what others call it, and what its weights are called"),
                Key("from", \.from, "the layers or inputs that it reads; the layer before it if left out"),
            ]
        }
    }

    static let descriptions = Declaration.keys.map(\.description)
    static let names = descriptions.map(\.name)

    struct Reference {
        var name: String
        var location: SourceLocation?
    }

    /// Nil for a layer that is given a name later.
    private(set) var name: String?
    /// What the layer reads; nil for the layer before it.
    private(set) var from: [Reference]?

    init(name: String, from: [String]) {
        self.name = name
        self.from = from.map { Reference(name: $0) }
    }

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
        let own = entries.filter { !names.contains($0.key) }
        return Configuration(.map(own), at: configuration.location)
    }
}
