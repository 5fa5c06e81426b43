import TesseraCore

/// Blocks of pixels laid out as channels: with blocks of b, y[n, (u · b + v) · C + c, i, j] (`dcr`) or
/// y[n, (c · b + u) · b + v, i, j] (`crd`) is x[n, c, b · i + u, b · j + v], where C is the number of channels of x.
public struct SpaceToDepth: CopyingOperator, Equatable {
    public static let name = "space_to_depth"
    public static let summary = "Blocks of pixels laid out as channels"
    public static let shapes =
        "[batch, channels, height, width] → [batch, channels · 'block'², height / 'block', width / 'block']"

    public var block = 1
    public var mode = DepthToSpace.Mode.dcr

    public init() {}

    public init(block: Int, mode: DepthToSpace.Mode = .dcr) { (self.block, self.mode) = (block, mode) }

    public static let shorthandKey: String? = "block"
    public static let keys: [Key<SpaceToDepth>] = [
        Key(required: "block", \.block, "height and width of a block"),
        Key("mode", \.mode, "which part of a channel's number is its place in the block"),
    ]

    public func validate() throws {
        guard (1...(1 << 15)).contains(block) else {
            throw TesseraError(.invalidArgument, "expected a 'block' of 1 to \(1 << 15), found \(block)")
        }
    }

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        try ControlInputs(inputs).eliding(self) { $0 == $1 }
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [inputs[0]] }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let x = inputs[0]
        guard x.rank == 4, x[2] % block == 0, x[3] % block == 0 else {
            throw TesseraError(
                .shapeMismatch,
                "expected [batch, channels, height, width] with height and width divisible by \(block), found \(x)")
        }
        return [[x[0], Shape.saturatingProduct(x[1], block * block), x[2] / block, x[3] / block]]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        guard region[1].count == inputs[0][1] * block * block else {
            throw TesseraError(.notSupported, "'space_to_depth' cannot be cut along channels")
        }
        let pixels = region.ranges[2...].map { $0.lowerBound * block..<$0.upperBound * block }
        return OperatorTile(op: self, inputs: [Region([region[0], 0..<inputs[0][1]] + pixels)])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let x = inputs[0].shape
        let shape = try outputShapes(for: [x])[0]
        let strides = x.strides
        let tables = [
            (0..<shape[0]).map { $0 * strides[0] },
            (0..<shape[1]).map { channel in
                let place = mode == .dcr ? channel / x[1] : channel % (block * block)
                let depth = mode == .dcr ? channel % x[1] : channel / (block * block)
                return depth * strides[1] + place / block * strides[2] + place % block * strides[3]
            },
            (0..<shape[2]).map { $0 * block * strides[2] },
            (0..<shape[3]).map { $0 * block * strides[3] },
        ]
        return [try inputs[0].elements(atSumsOf: tables)]
    }
}
