import Foundation
import TesseraCore

/// Puts frames together from the bytes of a stream, however they are cut into pieces.
///
/// Never takes more memory than the limits allow, nor more than a few times what has arrived except for blobs, whose
/// memory is taken whole once their length is accepted.
public struct FrameParser: ~Copyable {
    /// May be changed between frames.
    public var limits: FrameLimits

    private enum Section {
        case prefix
        case lengths
        case header
        case blobs
    }

    private var section = Section.prefix
    /// The part of the current section that has arrived; blobs have their own memory.
    private var gathered: [UInt8] = []
    private var type = Frame.FrameType.message
    private var kindLength = 0
    private var bodyLength = 0
    private var blobCount = 0
    private var blobLengths: [Int] = []
    private var kind = ""
    private var body = Data()
    private var blobs: [Blob] = []
    private var blob: BlobMemory?
    private var blobFilled = 0

    public init(limits: FrameLimits) { self.limits = limits }

    /// Bytes of the frame that is under way, most of which may not have arrived; 0 between frames.
    package var claimedByteCount: Int {
        switch section {
        case .prefix: 0
        case .lengths: kindLength + bodyLength + 8 * blobCount
        case .header, .blobs: blobLengths.reduce(kindLength + bodyLength) { $0 + $1 }
        }
    }

    /// Whether the stream is within a frame, so that its end now would cut it short.
    public var isWithinFrame: Bool { section != .prefix || !gathered.isEmpty }

    /// Takes bytes off the front of `bytes` until a frame is complete.
    ///
    /// - Returns: the frame, or nil if all of `bytes` was taken and more is needed.
    /// - Throws: `protocolViolation` for what cannot be a frame or exceeds the limits, `outOfMemory`. The parser must not
    ///   be used after that.
    public mutating func next(from bytes: inout UnsafeRawBufferPointer) throws -> Frame? {
        while true {
            switch section {
            case .prefix:
                guard gather(WireFormat.prefixLength, from: &bytes) else { return nil }
                try readPrefix()
            case .lengths:
                guard gather(8 * blobCount, from: &bytes) else { return nil }
                try readLengths()
            case .header:
                guard gather(kindLength + bodyLength, from: &bytes) else { return nil }
                try readHeader()
            case .blobs:
                guard try gatherBlobs(from: &bytes) else { return nil }
                return finish()
            }
        }
    }

    private mutating func readPrefix() throws {
        func number(_ index: Int) -> UInt32 {
            WireFormat.bigEndian(gathered[4 * index..<4 * index + 4], as: UInt32.self)
        }
        guard let type = Frame.FrameType(rawValue: number(0)) else {
            throw TesseraError(.protocolViolation, "expected a frame type of 1 to 7, found \(number(0))")
        }
        try limits.check(kind: UInt64(number(1)), body: UInt64(number(2)), blobs: UInt64(number(3)))
        self.type = type
        kindLength = Int(number(1))
        bodyLength = Int(number(2))
        blobCount = Int(number(3))
        enter(.lengths)
    }

    private mutating func readLengths() throws {
        let lengths = stride(from: 0, to: gathered.count, by: 8).map {
            WireFormat.bigEndian(gathered[$0..<$0 + 8], as: UInt64.self)
        }
        try limits.check(kind: UInt64(kindLength), body: UInt64(bodyLength), blobLengths: lengths)
        blobLengths = lengths.map { Int($0) }
        enter(.header)
    }

    private mutating func readHeader() throws {
        guard let kind = String(validating: gathered.prefix(kindLength), as: UTF8.self) else {
            throw TesseraError(.protocolViolation, "expected the kind of a message in UTF-8")
        }
        self.kind = kind
        body = Data(gathered.dropFirst(kindLength))
        enter(.blobs)
    }

    private mutating func finish() -> Frame {
        let frame = Frame(type, Message(kind: kind, encodedBody: body, payload: blobs))
        blobs = []
        body = Data()
        enter(.prefix)
        return frame
    }

    private mutating func enter(_ section: Section) {
        self.section = section
        gathered.removeAll(keepingCapacity: gathered.capacity <= 4096)
    }

    /// Moves bytes over until `count` are gathered; says whether they are.
    private mutating func gather(_ count: Int, from bytes: inout UnsafeRawBufferPointer) -> Bool {
        gathered.append(contentsOf: bytes.take(count - gathered.count))
        return gathered.count == count
    }

    private mutating func gatherBlobs(from bytes: inout UnsafeRawBufferPointer) throws -> Bool {
        while blobs.count < blobCount {
            let memory = try blob ?? BlobMemory(byteCount: blobLengths[blobs.count])
            blob = memory
            let piece = bytes.take(memory.bytes.count - blobFilled)
            UnsafeMutableRawBufferPointer(rebasing: memory.bytes[blobFilled...]).copyMemory(from: piece)
            blobFilled += piece.count
            guard blobFilled == memory.bytes.count else { return false }
            blobs.append(Blob(memory))
            blob = nil
            blobFilled = 0
        }
        return true
    }
}

extension UnsafeRawBufferPointer {
    /// Splits off up to `count` bytes of the front.
    fileprivate mutating func take(_ count: Int) -> UnsafeRawBufferPointer {
        let taken = Swift.min(count, self.count)
        defer { self = UnsafeRawBufferPointer(rebasing: self[taken...]) }
        return UnsafeRawBufferPointer(rebasing: self[..<taken])
    }
}
