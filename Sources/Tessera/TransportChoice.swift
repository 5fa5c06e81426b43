import TesseraCluster
import TesseraCore
import TesseraNetwork

/// A transport by name with its settings: `{kind: tcp, silence: 2}`.
public struct TransportChoice: Sendable, Equatable {
    public var kind: String
    /// What the transport itself understands.
    public var settings: Configuration

    public init(kind: String, settings: Configuration = .empty) {
        (self.kind, self.settings) = (kind, settings)
    }

    /// What stands after a transport's option on the command line: its name, or a map as in files.
    public init(text: String, option: String) throws {
        try self.init(configuration: YAMLReader.parse(text, file: option))
    }

    /// The same as text on one line.
    public var text: String { YAMLWriter.flow(configuration) }
}

extension TransportChoice: ConfigurationValue {
    public init(configuration: Configuration) throws {
        (kind, settings) = try ModuleDeclaration.read(configuration, key: "kind", noun: "transport")
    }

    public var configuration: Configuration {
        let entries = (try? settings.entries()) ?? []
        return Configuration(.map([Configuration.Entry("kind", kind.configuration)] + entries))
    }

    public static var typeDescription: String { "a transport's name, or a map with its settings" }
    public static var schema: ConfigurationSchema {
        .choice(of: Modules.builtin.transports, key: "kind", isRequired: true)
    }
}
