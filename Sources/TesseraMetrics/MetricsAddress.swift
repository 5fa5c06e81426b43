import TesseraCore

/// Where metrics are served: a port of 127.0.0.1, or `host:port`.
public struct MetricsAddress: Sendable, Equatable, CustomStringConvertible {
    public let host: String
    /// 0 for any free one.
    public let port: Int

    /// - Throws: `invalidArgument`.
    public init(_ text: String) throws {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let port = parts.last.flatMap({ Int($0) }), (0...65535).contains(port), parts.count <= 2,
            parts.count == 1 || !parts[0].isEmpty
        else {
            throw TesseraError(
                .invalidArgument,
                "expected a port for metrics, such as 9464, or an address and a port, such as 0.0.0.0:9464, found '\(text)'"
            )
        }
        host = parts.count == 2 ? String(parts[0]) : "127.0.0.1"
        self.port = port
    }

    public var description: String { "\(host):\(port)" }
}

extension MetricsAddress: ConfigurationValue {
    public init(configuration: Configuration) throws {
        switch configuration.content {
        case .integer(let port): try self.init(String(port))
        case .string(let text): try self.init(text)
        default: throw configuration.unexpected("a port, or an address and a port")
        }
    }

    public var configuration: Configuration { Configuration(.string(description)) }
    public static var typeDescription: String { "a port, or host:port" }
    public static var schema: ConfigurationSchema { .either([.integer, .text]) }
}
