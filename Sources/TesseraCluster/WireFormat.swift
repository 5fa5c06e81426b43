/// The bytes that stream transports exchange. All numbers are big endian.
///
/// Either side begins with a preamble, then sends frames:
/// ```
/// preamble  magic (8 bytes: "TESSERA\n"), wire version (u32)
/// frame     type (u32), kind length (u32), body length (u32), number of blobs (u32),
///           blob length (u64) per blob, kind, body, blobs
/// ```
/// The side that connected sends `hello`; the other answers `hello`, or `refusal` and closes; the first answers `ready`, or
/// `refusal` and closes. From then on both send `message` frames, and `heartbeat` when they have nothing else to send.
/// `goodbye` announces that a side closes on purpose; `revoked` has a list of certificates that were withdrawn for a body.
public enum WireFormat {
    public static let version: UInt32 = 2
    public static let magic: [UInt8] = Array("TESSERA\n".utf8)

    /// Bytes of a preamble.
    public static let preambleLength = 12
    /// Bytes of a frame before its blob lengths.
    public static let prefixLength = 16

    public static func preamble(version: UInt32 = version) -> [UInt8] { magic + bigEndianBytes(version) }

    /// The wire version that a preamble tells, nil if it is incomplete or does not begin with the magic bytes.
    public static func version(ofPreamble bytes: [UInt8]) -> UInt32? {
        guard bytes.count == preambleLength, bytes.starts(with: magic) else { return nil }
        return bigEndian(bytes[magic.count...], as: UInt32.self)
    }

    static func bigEndianBytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian, Array.init)
    }

    static func bigEndian<Value: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>, as type: Value.Type) -> Value {
        bytes.reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }
}
