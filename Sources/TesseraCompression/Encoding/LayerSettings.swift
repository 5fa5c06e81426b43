import TesseraCore

/// How one layer is compressed.
public struct LayerSettings: Sendable {
    /// The name of the codec, for the file, and the codec itself.
    public var codecName: String
    public var codec: any WeightCodec
    /// The quality that the codec is set to; nil if it is lossless or has none.
    public var quality: Int?
    public var rounding: Rounding
    /// Size of blocks that become frames of a video.
    public var block: WeightBlock
    /// Whether output channels of similar size are put next to each other, where that makes the layer smaller.
    public var reorders = false

    /// How weights become whole numbers.
    public enum Rounding: Sendable, Equatable {
        /// 2^bits intervals between the smallest weight and the largest (METHODS.md B2), or those of each output channel.
        case intervals(bits: Int, perChannel: Bool)
        /// A grid through zero, whose step is this part of the root mean square of the layer's weights; the dead zone is a part of a step.
        case grid(step: Double, deadZone: Double = 0)
        /// Two such grids, which take turns, see `DependentState`; the step is that of each.
        case dependent(step: Double)
    }

    public init(
        _ codecName: String, _ codec: any WeightCodec, quality: Int? = nil,
        rounding: Rounding = .intervals(bits: 8, perChannel: false),
        block: WeightBlock = WeightBlock(inputs: 32, outputs: 32)
    ) {
        (self.codecName, self.codec, self.quality) = (codecName, codec, quality)
        (self.rounding, self.block) = (rounding, block)
    }
}

/// A tensor that is to be compressed.
public struct CompressibleTensor: Sendable {
    public let name: String
    public let tensor: Tensor
    /// Gates of a recurrent layer; 1 for others.
    public let matrices: Int
    /// Of integers, several of which may lie in a byte; nil for floating-point weights.
    public let integerBits: Int?

    /// The weights that the layer has, without integers that fill up rows to whole bytes.
    public let weightCount: Int

    /// A layout in place of the one that suits the codec; nil for that one.
    public private(set) var layout: ChosenLayout?

    /// What the file says of a layout, and the frames.
    public struct ChosenLayout: Sendable {
        let declaration: CompressedWeightIndex.Layout
        let frames: FrameLayout
    }

    /// - Parameter weightCount: nil if nothing fills up rows.
    public init(
        _ name: String, _ tensor: Tensor, matrices: Int = 1, integerBits: Int? = nil, weightCount: Int? = nil
    ) {
        (self.name, self.tensor, self.matrices, self.integerBits) = (name, tensor, matrices, integerBits)
        self.weightCount = weightCount ?? tensor.elementCount * (8 / (integerBits ?? 8))
    }

    /// What its axes are.
    var geometry: WeightGeometry { WeightGeometry(tensor.shape, matrices: matrices, integerBits: integerBits) }

    /// The same tensor in a layout of that name.
    ///
    /// - Throws: `notFound` if there is no such layout; what is wrong with its options; `invalidArgument` or `limitExceeded` for frames that
    ///   are not sound, or not the same when they are asked for again, as decoding does.
    public func laidOut(
        as layoutName: String, _ options: Configuration = .empty, by layouts: Registry<any WeightLayout>
    ) throws -> CompressibleTensor {
        let made = try layouts.make(layoutName, options)
        let declaration = CompressedWeightIndex.Layout(made, name: layoutName, options: options)
        let frames = try declaration.frames(of: geometry, by: made, layer: name)
        if declaration.isRegistered {
            let again = try declaration.frames(of: geometry, by: layouts, layer: name)
            guard again == frames else {
                throw TesseraError(
                    .invalidArgument, "expected the same frames whenever they are asked for, found others",
                    path: declaration.path(layer: name))
            }
        }
        var result = self
        result.layout = ChosenLayout(declaration: declaration, frames: frames)
        return result
    }
}
