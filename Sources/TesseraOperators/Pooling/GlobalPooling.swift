import TesseraCore

/// One number for each channel: [batch, channels, spatial…] to [batch, channels, 1…].
public protocol GlobalPooling: Operator {
    /// The number for all elements of a channel, of which there is at least one.
    func pool(_ values: ArraySlice<Double>) -> Double
}

extension GlobalPooling {
    public static var shapes: String { "[batch, channels, spatial…] → [batch, channels, 1…]" }
    public var isSpatiallyLocal: Bool { false }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        guard inputs[0].rank > 2, inputs[0].spatial.allSatisfy({ $0 > 0 }) else {
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
        let pixels = inputs[0].shape.spatial.reduce(1, *)
        let x = inputs[0].reals()
        let values = (0..<shape.elementCount).map { pool(x[$0 * pixels..<($0 + 1) * pixels]) }
        return [try Tensor(reals: values, shape: shape, elementType: inputs[0].elementType)]
    }
}
