import TesseraCore

/// An operator that maps every line of elements along one axis to another such line.
public protocol AlongAxis: Operator {
    var axis: Int { get }
    func line(_ x: [Double]) -> [Double]
}

extension AlongAxis {
    /// Along batch or channels every pixel is on its own.
    public var isSpatiallyLocal: Bool { axis == 0 || axis == 1 }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        _ = try resolveAxis(axis, rank: inputs[0].rank)
        return inputs
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let axis = try resolveAxis(axis, rank: inputs[0].rank)
        guard region[axis].count == inputs[0][axis] else {
            throw TesseraError(.notSupported, "'\(Self.name)' cannot be cut along its axis")
        }
        return OperatorTile(op: self, inputs: [region])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shape = inputs[0].shape
        let axis = try resolveAxis(axis, rank: shape.rank)
        var values = inputs[0].reals()
        shape.forEachLine(along: axis) { positions in
            for (position, y) in zip(positions, line(positions.map { values[$0] })) { values[position] = y }
        }
        return [try Tensor(reals: values, shape: shape, elementType: inputs[0].elementType)]
    }
}

extension Shape {
    /// Calls `body` with the offsets of the elements of every line along an axis.
    func forEachLine(along axis: Int, _ body: (StrideTo<Int>) -> Void) {
        guard elementCount > 0 else { return }
        let (count, step) = (self[axis], strides[axis])
        for outer in 0..<elementCount / (count * step) {
            for inner in 0..<step {
                let first = outer * count * step + inner
                body(stride(from: first, to: first + count * step, by: step))
            }
        }
    }
}

/// One that has a gradient.
public protocol DifferentiableAlongAxis: AlongAxis, DifferentiableOperator {
    /// The gradient of a line, given the line that was made of it and the gradient of that.
    func lineGradient(y: [Double], gradient: [Double]) -> [Double]
}

extension DifferentiableAlongAxis {
    public func backward(_ pass: BackwardPass) throws -> Gradients {
        let shape = pass.inputs[0].shape
        let (y, gradient) = (pass.outputs[0].reals(), pass.outputGradients[0].reals())
        var result = y
        shape.forEachLine(along: try resolveAxis(axis, rank: shape.rank)) { positions in
            let line = lineGradient(y: positions.map { y[$0] }, gradient: positions.map { gradient[$0] })
            for (position, value) in zip(positions, line) { result[position] = value }
        }
        return Gradients(inputs: [try Tensor(reals: result, shape: shape, elementType: pass.inputs[0].elementType)])
    }
}
