import TesseraCore

/// What a peer accepts at most. Lengths that another peer claims are held against it before memory is taken.
public struct FrameLimits: Sendable, Equatable {
    /// Bytes of a whole frame.
    public var frame: Int
    /// Bytes of a frame's kind and body.
    public var header: Int
    /// Blobs in a frame.
    public var blobs: Int
    /// Bytes of one blob.
    public var blob: Int

    public init(frame: Int = 1 << 30, header: Int = 64 << 20, blobs: Int = 1 << 16, blob: Int = .max) {
        self.frame = frame
        self.header = header
        self.blobs = blobs
        self.blob = blob
    }

    /// What a peer may send before it is known.
    public static let handshake = FrameLimits(frame: 64 << 10, header: 64 << 10, blobs: 0)

    /// Checks a message before it is sent.
    ///
    /// - Throws: `limitExceeded`.
    public func check(_ message: Message) throws {
        do {
            try check(
                kind: UInt64(message.kind.utf8.count), body: UInt64(message.body.count),
                blobs: UInt64(message.payload.count))
            try check(
                kind: UInt64(message.kind.utf8.count), body: UInt64(message.body.count),
                blobLengths: message.payload.lazy.map { UInt64($0.count) })
        } catch {
            throw TesseraError(.limitExceeded, "a '\(message.kind)' message is too large to send", cause: error)
        }
    }

    func check(kind: UInt64, body: UInt64, blobs count: UInt64) throws {
        // Both lengths come from 32 bits, so that the sum cannot overflow.
        try check("kind and body of a frame", kind + body, limit: header)
        guard count <= UInt64(blobs) else {
            throw TesseraError(
                .protocolViolation,
                "expected a frame of at most \(blobs) tensors (the limit 'tensors_per_message'), found \(count)")
        }
    }

    func check(kind: UInt64, body: UInt64, blobLengths: some Sequence<UInt64>) throws {
        var total = UInt64(WireFormat.prefixLength) + kind + body
        for length in blobLengths {
            let (sum, overflow) = total.addingReportingOverflow(length)
            total = overflow ? .max : sum
            try check("a tensor", length, limit: blob, named: "tensor_limit")
            try check("a frame", total, limit: frame, named: "frame_limit")
        }
        try check("a frame", total, limit: frame, named: "frame_limit")
    }

    /// - Parameter name: what the limit is called in a transport's settings.
    private func check(_ what: String, _ length: UInt64, limit: Int, named name: String? = nil) throws {
        guard length <= UInt64(max(0, limit)) else {
            let source = name.map { " (the limit '\($0)')" } ?? ""
            throw TesseraError(
                .protocolViolation, "expected \(what) of at most \(limit) bytes\(source), found \(length)")
        }
    }
}
