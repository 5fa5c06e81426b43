/// A part that is chosen by name: an operator, a partition strategy, a transport, a kernel backend.
public struct Module<Product: Sendable>: Sendable {
    public let name: String
    /// One line on what it does, for `tessera plugins`.
    public let summary: String
    /// Where it came from: `built in`, or the file that registered it.
    public let source: String
    /// The keys its configuration understands.
    public var keys: [KeyDescription] { makeKeys() }
    /// Whether it understands other keys as well, which it checks itself.
    public let takesAnyKey: Bool
    /// The type that declares the keys, if there is one.
    public let type: (any Configurable.Type)?
    // Made when asked for: those of all operators take longer than a small network takes to be read.
    private let makeKeys: @Sendable () -> [KeyDescription]
    private let build: @Sendable (Configuration) throws -> Product

    public init(
        name: String, summary: String, source: String = "built in",
        keys: @escaping @Sendable @autoclosure () -> [KeyDescription] = [], takesAnyKey: Bool = false,
        type: (any Configurable.Type)? = nil,
        build: @escaping @Sendable (Configuration) throws -> Product
    ) {
        self.name = name
        self.summary = summary
        self.source = source
        makeKeys = keys
        self.takesAnyKey = takesAnyKey
        self.type = type
        self.build = build
    }

    /// A module whose product is configured by the keys that a type declares.
    public init<Type: Configurable>(
        _ type: Type.Type, name: String, summary: String, as product: @escaping @Sendable (Type) -> Product
    ) {
        self.init(name: name, summary: summary, keys: Type.keys.map(\.description), type: type) {
            product(try Type(configuration: $0))
        }
    }

    /// Builds the product.
    ///
    /// - Throws: `invalidArgument` for a key the module does not know or a value it does not take.
    public func make(_ configuration: Configuration = .empty) throws -> Product { try build(configuration) }
}

/// The modules of one kind, by name. A value: a script that adds its own changes only its copy.
public struct Registry<Product: Sendable>: Sendable {
    /// What the modules are, in words: "partition strategy".
    public let kind: String
    private var modulesByName: [String: Module<Product>] = [:]

    public init(kind: String, _ modules: [Module<Product>] = []) {
        self.kind = kind
        for module in modules { modulesByName[module.name] = module }
    }

    /// All modules, sorted by name.
    public var modules: [Module<Product>] { modulesByName.values.sorted { $0.name < $1.name } }
    public var names: [String] { modulesByName.keys.sorted() }

    /// Adds a module.
    ///
    /// - Throws: `invalidArgument` if the name is taken.
    public mutating func register(_ module: Module<Product>) throws {
        guard modulesByName[module.name] == nil else {
            throw TesseraError(.invalidArgument, "a \(kind) named '\(module.name)' is registered already")
        }
        modulesByName[module.name] = module
    }

    /// The module of that name.
    ///
    /// - Throws: `notFound`, with the nearest name.
    public func module(_ name: String) throws -> Module<Product> {
        guard let module = modulesByName[name] else {
            throw TesseraError(.notFound, "unknown \(kind) '\(name)'" + suggestion(for: name, among: names))
        }
        return module
    }

    public func make(_ name: String, _ configuration: Configuration = .empty) throws -> Product {
        try locatingErrors(at: configuration.location) { try module(name).make(configuration) }
    }
}
