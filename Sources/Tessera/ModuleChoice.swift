import TesseraCore
import TesseraNetwork

/// A module as it is named in files: by its name alone, or by a map that has its options, too.
enum ModuleChoice {
    /// - Parameter key: that of the name in a map.
    static func read(_ configuration: Configuration, key: String, noun: String) throws -> (String, Configuration) {
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

    static func configuration(_ name: String, _ options: Configuration, key: String) -> Configuration {
        let entries = (try? options.entries()) ?? []
        guard !entries.isEmpty else { return name.configuration }
        return Configuration(.map([Configuration.Entry(key, name.configuration)] + entries))
    }
}
