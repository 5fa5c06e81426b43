import TesseraCore

/// The name of a peer: what a deployment file, a plan and a log call it.
public struct PeerID: Hashable, Sendable, Codable, Comparable, CustomStringConvertible, ExpressibleByStringLiteral {
    public let name: String

    public init(_ name: String) { self.name = name }
    public init(stringLiteral name: String) { self.name = name }
    public init(from decoder: any Decoder) throws { name = try decoder.singleValueContainer().decode(String.self) }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }

    public var description: String { name }
    public static func < (a: PeerID, b: PeerID) -> Bool { a.name < b.name }

    /// Checks that the name can stand in a log line: 1 to 128 bytes of UTF-8 without control characters.
    ///
    /// - Throws: `invalidArgument`.
    public func validate() throws {
        let isPrintable = name.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
        guard (1...128).contains(name.utf8.count), isPrintable else {
            throw TesseraError(
                .invalidArgument,
                "expected a peer name of 1 to 128 bytes without control characters, found \(name.debugDescription)")
        }
    }
}
