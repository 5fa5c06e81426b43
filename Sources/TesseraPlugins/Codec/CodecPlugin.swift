import CTesseraPlugin
import TesseraCompression
import TesseraCore

/// A weight codec of a library.
struct CodecPlugin: WeightCodec {
    private let library: PluginLibrary
    private let options: PluginOptionValues

    init(_ library: PluginLibrary, _ options: PluginOptionValues) { (self.library, self.options) = (library, options) }

    private static let layouts: [Int: WeightCodecKind] = [
        TESSERA_IMAGES: .image, TESSERA_VIDEO: .video, TESSERA_AUDIO: .audio, TESSERA_BYTES: .bytes,
    ]

    /// - Throws: `invalidArgument` for a table that cannot be.
    static func check(_ table: tessera_codec) throws {
        guard layouts[Int(table.layout)] != nil else {
            throw TesseraError(.invalidArgument, "expected a layout from 1 to 4, found \(table.layout)")
        }
        guard (1...16).contains(table.largest_bits) else {
            throw TesseraError(.invalidArgument, "expected samples of 1 to 16 bits, found \(table.largest_bits)")
        }
    }

    private var table: tessera_codec { library.functions(tessera_codec.self) }

    var kind: WeightCodecKind { Self.layouts[Int(table.layout)] ?? .bytes }
    var isLossless: Bool { table.is_lossless != 0 }
    var decodesEverywhereAlike: Bool { table.is_exact_anywhere != 0 }

    var limits: WeightCodecLimits {
        let side = table.largest_side == 0 ? Int.max : Int(table.largest_side)
        return WeightCodecLimits(width: side, height: side)
    }

    func largestError(bits: Int) -> Int? {
        if isLossless { return 0 }
        return table.largest_error.map { Int($0(options.handle, UInt32(clamping: bits))) }
    }

    func check(bits: Int) throws {
        guard bits <= Int(table.largest_bits) else {
            throw TesseraError(
                .notSupported, "'\(library.name)' holds samples of at most \(table.largest_bits) bits, found \(bits)")
        }
    }

    func encode(_ frames: WeightFrames) throws -> [UInt8] {
        guard let encode = table.encode else { return [] }
        let output = PluginOutput(limit: 1 << 20 + 16 * frames.samples.count)
        let memory = PluginMemory()
        let format = memory.one(tessera_frames(frames.format), named: "format")
        try withExtendedLifetime((memory, output, options)) {
            try frames.samples.withUnsafeBufferPointer { samples in
                let samples = memory.lent(samples, named: "samples")
                try library.call("encode") { encode(options.handle, format, samples, output.handle, $0) }
            }
        }
        // Also for a library that does not look at what `write` returns.
        if let refusal = output.refusal { throw refusal.located(path: "weight codec '\(library.name)'") }
        return output.bytes
    }

    func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        guard let decode = table.decode else { return WeightFrames(format, samples: []) }
        let memory = PluginMemory()
        let frames = memory.one(tessera_frames(format), named: "format")
        let shownBytes = memory.lent(bytes.bindMemory(to: UInt8.self), named: "bytes")
        let samples = try [UInt16](unsafeUninitializedCapacity: format.sampleCount) { buffer, count in
            buffer.update(repeating: 0)
            count = buffer.count
            try withExtendedLifetime((memory, options)) {
                try memory.filling(buffer, named: "samples") { samples in
                    try library.call("decode") {
                        decode(options.handle, frames, shownBytes, bytes.count, samples, $0)
                    }
                }
            }
            count = format.sampleCount
        }
        guard samples.allSatisfy({ $0 <= format.largest }) else {
            throw TesseraError(
                .malformedFile, "expected samples of \(format.bits) bits, found \(samples.max() ?? 0)",
                path: "weight codec '\(library.name)'")
        }
        return WeightFrames(format, samples: samples)
    }
}

extension tessera_frames {
    init(_ format: FrameFormat) {
        self.init(
            size: UInt32(MemoryLayout<tessera_frames>.size), width: UInt32(clamping: format.width),
            height: UInt32(clamping: format.height),
            count: UInt32(clamping: format.count), bits: UInt32(clamping: format.bits))
    }
}
