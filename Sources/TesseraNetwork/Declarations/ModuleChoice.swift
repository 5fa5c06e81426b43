import TesseraCore

/// A module by name with its options, as files name it: `random`, or `{metric: random, seed: 7}`.
public protocol ModuleChoice: ConfigurationValue, Equatable {
    var name: String { get set }
    /// What the module itself understands.
    var options: Configuration { get set }

    init(_ name: String, options: Configuration)

    /// That of the name in a map.
    static var key: String { get }
    /// What such a module is.
    static var noun: String { get }
}

extension ModuleChoice {
    public init(configuration: Configuration) throws {
        let (name, options) = try ModuleDeclaration.read(configuration, key: Self.key, noun: Self.noun)
        self.init(name, options: options)
    }

    public var configuration: Configuration { ModuleDeclaration.configuration(name, options, key: Self.key) }
    public static var typeDescription: String { "a \(noun)'s name, or a map with its options" }

    /// Takes a module of another name, if one is given. Options belong to the module that they were written for.
    public mutating func choose(_ name: String?) {
        guard let name, name != self.name else { return }
        self = Self(name, options: .empty)
    }
}

/// A module as it is named in files: by its name alone, or by a map that has its options, too.
package enum ModuleDeclaration {
    /// - Parameter key: that of the name in a map.
    package static func read(_ configuration: Configuration, key: String, noun: String) throws -> (
        String, Configuration
    ) {
        if case .string(let name) = configuration.content { return (name, .empty) }
        let entries = try configuration.entries(expecting: "a \(noun)'s name, or {\(key): NAME, …}")
        guard let name = configuration[key] else {
            throw configuration.unexpected("a key '\(key)' with the \(noun)'s name")
        }
        return (
            try String(configuration: name),
            Configuration(.map(entries.filter { $0.key != key }), at: configuration.location)
        )
    }

    package static func configuration(_ name: String, _ options: Configuration, key: String) -> Configuration {
        let entries = (try? options.entries()) ?? []
        guard !entries.isEmpty else { return name.configuration }
        return Configuration(.map([Configuration.Entry(key, name.configuration)] + entries))
    }
}
