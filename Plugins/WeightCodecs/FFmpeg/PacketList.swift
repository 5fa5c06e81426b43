import CFFmpeg
import TesseraCore
import TesseraNetwork

/// The packets of a stream and what its decoder must know beforehand, in one run of bytes. Numbers before them say how long each
/// is, 7 bits in a byte, the lowest first.
struct PacketList {
    /// What a decoder is given first, such as the parameters of a FLAC stream.
    var header: [UInt8] = []
    /// Samples that the decoder gives before the first one, of audio.
    var leadingSamples = 0
    var packets: [[UInt8]] = []

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        VariableInteger.append(header.count, to: &bytes)
        bytes += header
        VariableInteger.append(leadingSamples, to: &bytes)
        for packet in packets {
            VariableInteger.append(packet.count, to: &bytes)
            bytes += packet
        }
        return bytes
    }

    init() {}

    /// - Throws: `malformedFile` if a length goes beyond the end.
    init(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        func take() throws -> [UInt8] {
            let count = try VariableInteger.take(from: &rest)
            guard count <= rest.count else { throw TesseraError(.malformedFile, "the stream is cut off") }
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        header = try take()
        leadingSamples = try VariableInteger.take(from: &rest)
        while !rest.isEmpty { packets.append(try take()) }
    }
}

/// Numbers of 7 bits in a byte, the lowest first; the highest bit says that another byte follows.
enum VariableInteger {
    static func append(_ value: Int, to bytes: inout [UInt8]) {
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// - Throws: `malformedFile` if the bytes end before the number does, or if it has more than 32 bits.
    static func take(from bytes: inout Slice<UnsafeRawBufferPointer>) throws -> Int {
        var (value, shift) = (0, 0)
        while let byte = bytes.popFirst(), shift < 32 {
            value |= Int(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        throw TesseraError(.malformedFile, "the stream is cut off")
    }
}
