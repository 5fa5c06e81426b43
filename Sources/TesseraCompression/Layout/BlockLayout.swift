import TesseraCore

/// Blocks of weights, each one frame; what does not divide evenly is padded (METHODS.md B6, B7).
public struct BlockLayout: WeightLayout, Configurable {
    public static let name = "blocks"
    public static let summary = "blocks of channels, each a frame of a film"
    static let blockSummary =
        "the input and output channels of each frame, and columns and rows of kernels unless whole ones"

    public var block = WeightBlock(inputs: 32, outputs: 32)

    public init() {}

    public init(_ block: WeightBlock) { self.block = block }

    public static let keys: [Key<BlockLayout>] = [Key("block", \.block, blockSummary)]

    /// - Throws: `limitExceeded` if there are more samples than can be counted, `invalidArgument` for a block without weights.
    public func frames(of geometry: WeightGeometry) throws -> FrameLayout {
        try FrameLayout(of: geometry, block: block)
    }
}

/// The size of a block of weights that is one frame of a video (METHODS.md B6, B7).
public struct WeightBlock: Sendable, Equatable, Codable {
    public var inputs: Int
    public var outputs: Int
    /// Columns of the kernel; nil for all.
    public var width: Int?
    /// Rows of the kernel; nil for all.
    public var height: Int?

    public init(inputs: Int, outputs: Int, width: Int? = nil, height: Int? = nil) {
        (self.inputs, self.outputs, self.width, self.height) = (inputs, outputs, width, height)
    }

    /// The block of a list: inputs and outputs, then columns and rows of the kernel unless all of them.
    ///
    /// - Throws: `invalidArgument` for a list of another length, and for sizes below 1.
    public init(sizes: [Int]) throws {
        guard sizes.count == 2 || sizes.count == 4, sizes.allSatisfy({ $0 > 0 }) else {
            throw TesseraError(
                .invalidArgument,
                "expected 'block' of 2 or 4 sizes from 1, found \(sizes.map(String.init).joined(separator: ", "))")
        }
        let isCut = sizes.count == 4
        self.init(
            inputs: sizes[0], outputs: sizes[1], width: isCut ? sizes[2] : nil, height: isCut ? sizes[3] : nil)
    }
}

extension WeightBlock: ConfigurationValue {
    public init(configuration: Configuration) throws { try self.init(sizes: [Int](configuration: configuration)) }

    public var configuration: Configuration {
        let kernel = [width, height].compactMap { $0 }
        return ([inputs, outputs] + kernel).configuration
    }
    public static var typeDescription: String { [Int].typeDescription }
    public static var schema: ConfigurationSchema { [Int].schema }
}
