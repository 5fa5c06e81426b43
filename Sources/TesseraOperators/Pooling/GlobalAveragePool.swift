import TesseraCore

/// The mean over all spatial axes: [batch, channels, spatial…] to [batch, channels, 1…].
public struct GlobalAveragePool: Operator, Equatable {
    public static let name = "global_average_pool"
    public static let summary = "Mean over all of height and width"
    public static let keys: [Key<GlobalAveragePool>] = []

    public init() {}

    public var isSpatiallyLocal: Bool { false }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        guard inputs[0].rank > 2 else {
            throw TesseraError(
                .shapeMismatch, "expected an input of batch, channels and spatial axes, found \(inputs[0])")
        }
        return [Shape(inputs[0].dimensions.prefix(2) + inputs[0].spatial.map { _ in 1 })]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        OperatorTile(op: self, inputs: [Region(region.ranges.prefix(2) + inputs[0].spatial.map { 0..<$0 })])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shape = try outputShapes(for: [inputs[0].shape])[0]
        let pixels = inputs[0].elementCount / shape.elementCount
        let x = inputs[0].reals()
        let means = (0..<shape.elementCount).map { channel in
            x[channel * pixels..<(channel + 1) * pixels].reduce(0, +) / Double(pixels)
        }
        return [try Tensor(reals: means, shape: shape, elementType: inputs[0].elementType)]
    }
}
