import TesseraCore

/// Channels laid out as blocks of pixels: with blocks of b, y[n, c, b · i + u, b · j + v] is x[n, (u · b + v) · C + c, i, j]
/// (`dcr`) or x[n, (c · b + u) · b + v, i, j] (`crd`), where C is the number of channels that remain.
public struct DepthToSpace: CopyingOperator, Equatable {
    public static let name = "depth_to_space"
    public static let summary = "Channels laid out as blocks of pixels"
    public static let shapes =
        "[batch, channels, height, width] → [batch, channels / 'block'², height · 'block', width · 'block']"

    /// Which part of a channel's number is its place in the block.
    public enum Mode: String, ConfigurationChoice {
        /// The first: depth, column, row.
        case dcr
        /// The last: column, row, depth.
        case crd
    }

    public var block = 1
    public var mode = Mode.dcr
    public var crop = [0, 0, 0, 0]

    public init() {}

    public init(block: Int, mode: Mode = .dcr) { (self.block, self.mode) = (block, mode) }

    public static let shorthandKey: String? = "block"
    public static let keys: [Key<DepthToSpace>] = [
        Key(required: "block", \.block, "height and width of a block"),
        Key("mode", \.mode, "which part of a channel's number is its place in the block"),
        Key("crop", \.crop, "pixels cut off at the top, left, bottom and right, so that a block can be made in part"),
    ]

    public func validate() throws {
        guard (1...(1 << 15)).contains(block) else {
            throw TesseraError(.invalidArgument, "expected a 'block' of 1 to \(1 << 15), found \(block)")
        }
        guard crop.count == 4, crop.allSatisfy({ $0 >= 0 }) else {
            throw TesseraError(.invalidArgument, "expected 4 amounts from 0 for 'crop', found \(crop)")
        }
    }

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        try ControlInputs(inputs).eliding(self) { $0 == $1 }
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [inputs[0]] }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let x = inputs[0]
        guard x.rank == 4, x[1] % (block * block) == 0 else {
            throw TesseraError(
                .shapeMismatch,
                "expected [batch, channels, height, width] with channels divisible by \(block * block), found \(x)")
        }
        let height = Shape.saturatingProduct(x[2], block) - crop[0] - crop[2]
        let width = Shape.saturatingProduct(x[3], block) - crop[1] - crop[3]
        guard height >= 0, width >= 0 else {
            throw TesseraError(.shapeMismatch, "a 'crop' of \(crop) leaves nothing of inputs of \(x)")
        }
        return [[x[0], x[1] / (block * block), height, width]]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let channels = try outputShapes(for: inputs)[0][1]
        var input = region
        if region[1].count == channels {
            input[1] = 0..<inputs[0][1]
        } else if mode == .crd {
            input[1] = region[1].lowerBound * block * block..<region[1].upperBound * block * block
        } else {
            throw TesseraError(.notSupported, "'depth_to_space' in mode dcr cannot be cut along channels")
        }
        var op = self
        for (axis, side) in [(2, 0), (3, 1)] {
            let (low, high) = (region[axis].lowerBound + crop[side], region[axis].upperBound + crop[side])
            input[axis] = low / block..<(high + block - 1) / block
            op.crop[side] = low - input[axis].lowerBound * block
            op.crop[side + 2] = input[axis].upperBound * block - high
        }
        return OperatorTile(op: op, inputs: [input])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let x = inputs[0].shape
        let shape = try outputShapes(for: [x])[0]
        let strides = x.strides
        // Channels between a pixel of a block and the next, and between channels of the result.
        let (place, depth) = mode == .dcr ? (shape[1], 1) : (1, block * block)
        let tables = [
            (0..<shape[0]).map { $0 * strides[0] },
            (0..<shape[1]).map { $0 * depth * strides[1] },
            (crop[0]..<crop[0] + shape[2]).map { $0 / block * strides[2] + $0 % block * block * place * strides[1] },
            (crop[1]..<crop[1] + shape[3]).map { $0 / block * strides[3] + $0 % block * place * strides[1] },
        ]
        return [try inputs[0].elements(atSumsOf: tables)]
    }
}
