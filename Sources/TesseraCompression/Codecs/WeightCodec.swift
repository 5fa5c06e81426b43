import TesseraCore

/// What a codec was made for, which decides how weights are laid out for it.
public enum WeightCodecKind: String, Sendable, CaseIterable, Codable {
    case image, video, audio, bytes
}

/// Turns frames of whole numbers into bytes, and back (METHODS.md B1).
///
/// A codec is deterministic: on one host, the same samples always give the same bytes and the same samples back. It may be used by
/// several threads at once.
public protocol WeightCodec: Sendable {
    var kind: WeightCodecKind { get }
    /// Whether the way back gives the samples that went in, as the codec is set up.
    var isLossless: Bool { get }
    /// Whether every host decodes the same, as whole numbers do. Floating-point decoders may round otherwise on another processor, which
    /// the hashes of a file notice.
    var decodesEverywhereAlike: Bool { get }
    /// The most samples that one call takes, and the largest width and height.
    var limits: WeightCodecLimits { get }

    /// The most by which a sample of so many bits differs from what it was after the way back; nil if no bound can be stated.
    func largestError(bits: Int) -> Int?

    /// - Throws: `notSupported` with the reason if this host lacks what the codec needs, or if it does not hold so many bits.
    func check(bits: Int) throws

    /// - Parameter frames: at least one sample, within the limits.
    func encode(_ frames: WeightFrames) throws -> [UInt8]

    /// - Parameter format: that of the frames that were encoded.
    /// - Throws: `malformedFile` if the bytes are not those of such frames. They may be anything.
    func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames
}

/// What one call of a codec can take.
public struct WeightCodecLimits: Sendable, Equatable {
    public var width: Int
    public var height: Int
    /// The most samples of all frames together. Larger layers are cut, which also bounds the memory and keeps all cores busy.
    public var samples: Int

    /// The most samples of one part of a layer, whatever the codec. Sides of that many fit 32 bits.
    public static let largestPart = 1 << 27

    public init(width: Int = .max, height: Int = .max, samples: Int = 1 << 22) {
        (self.width, self.height, self.samples) = (width, height, samples)
    }
}

extension WeightCodec {
    public var decodesEverywhereAlike: Bool { true }
    public var limits: WeightCodecLimits { WeightCodecLimits() }
    public func largestError(bits: Int) -> Int? { isLossless ? 0 : nil }

    /// Why the codec cannot be used here; nil if it can.
    public var unavailability: String? {
        do {
            try check(bits: 8)
            return nil
        } catch let error as TesseraError {
            return error.message
        } catch {
            return "\(error)"
        }
    }

    /// A layout that suits the kind of codec.
    ///
    /// - Parameter block: the size of blocks that become frames of a video.
    func layout(block: WeightBlock) -> CompressedWeightIndex.Layout {
        switch kind {
        case .image: .image
        case .video: .blocks(block)
        case .audio, .bytes: .sequence
        }
    }
}
