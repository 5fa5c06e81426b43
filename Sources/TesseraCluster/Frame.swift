import TesseraCore

/// What travels on a connection, see `WireFormat`.
public struct Frame: Sendable {
    public enum FrameType: UInt32, Sendable {
        case hello = 1
        case ready = 2
        case message = 3
        case heartbeat = 4
        case goodbye = 5
        case refusal = 6
        case revoked = 7
    }

    public let type: FrameType
    /// The content. Frames other than `message` have no blobs, and most have no body either.
    public let message: Message

    public init(_ type: FrameType, _ message: Message = Message(kind: "")) {
        self.type = type
        self.message = message
    }

    /// A refusal: why the connection is about to be closed.
    public init(refusing error: TesseraError) {
        self.init(.refusal, Message(kind: error.code.rawValue, encodedBody: .init(error.description.utf8)))
    }

    /// What a refusal says, fit to be printed.
    public var refusal: TesseraError {
        let text = String(decoding: message.body.prefix(1024), as: UTF8.self)
        let reason = String(
            String.UnicodeScalarView(text.unicodeScalars.filter { $0.properties.generalCategory != .control }))
        return TesseraError(TesseraError.Code(rawValue: message.kind) ?? .nodeFailure, reason)
    }

    /// The bytes before the blobs.
    ///
    /// - Throws: `limitExceeded` if kind or body do not fit into 32 bits.
    public func head() throws -> [UInt8] {
        guard let kindLength = UInt32(exactly: message.kind.utf8.count),
            let bodyLength = UInt32(exactly: message.body.count),
            let blobCount = UInt32(exactly: message.payload.count)
        else { throw TesseraError(.limitExceeded, "a '\(message.kind)' message is too large to send") }
        var head: [UInt8] = []
        head.reserveCapacity(
            WireFormat.prefixLength + 8 * message.payload.count + message.kind.utf8.count + message.body.count)
        for number in [type.rawValue, kindLength, bodyLength, blobCount] {
            head += WireFormat.bigEndianBytes(number)
        }
        for blob in message.payload { head += WireFormat.bigEndianBytes(UInt64(blob.count)) }
        head += message.kind.utf8
        head += message.body
        return head
    }
}
