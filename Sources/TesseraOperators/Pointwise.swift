import TesseraCore

/// An operator that maps each element alone: activations.
public protocol PointwiseUnary: Operator {
    func value(_ x: Float) -> Float
}

extension PointwiseUnary {
    public var isPointwise: Bool { true }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] { inputs }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        OperatorTile(op: self, inputs: [region])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        [try Tensor(inputs[0].floats().map(value), shape: inputs[0].shape)]
    }
}

/// An operator that combines two tensors element by element. An axis of size 1 is repeated to fit the other input's.
public protocol PointwiseBinary: Operator {
    func value(_ a: Float, _ b: Float) -> Float
}

extension PointwiseBinary {
    public var inputCount: ClosedRange<Int> { 2...2 }
    public var isPointwise: Bool { true }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let (a, b) = (inputs[0], inputs[1])
        guard a.rank == b.rank,
            zip(a.dimensions, b.dimensions).allSatisfy({ $0 == $1 || $0 == 1 || $1 == 1 })
        else {
            throw TesseraError(
                .shapeMismatch, "expected inputs of equal shape, or 1 where they differ, found \(a) and \(b)")
        }
        return [Shape(zip(a.dimensions, b.dimensions).map { max($0, $1) })]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        OperatorTile(
            op: self,
            inputs: inputs.map { shape in
                Region(zip(region.ranges, shape.dimensions).map { $1 == 1 ? 0..<1 : $0 })
            })
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shape = try outputShapes(for: inputs.map(\.shape))[0]
        let (a, b) = (try inputs[0].floats(), try inputs[1].floats())
        var y: [Float] = []
        y.reserveCapacity(shape.elementCount)
        shape.forEachIndex { index in
            y.append(
                value(a[inputs[0].shape.offset(ofBroadcast: index)], b[inputs[1].shape.offset(ofBroadcast: index)]))
        }
        return [try Tensor(y, shape: shape)]
    }
}

extension Shape {
    /// The row-major offset of `index`, where an axis of size 1 is repeated.
    fileprivate func offset(ofBroadcast index: [Int]) -> Int {
        zip(dimensions, index).reduce(0) { $0 * $1.0 + ($1.0 == 1 ? 0 : $1.1) }
    }
}
