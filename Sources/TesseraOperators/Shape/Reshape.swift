import TesseraCore

/// The same elements, in row-major order, in another shape.
public struct Reshape: SelectsInputs, CopyingOperator, Equatable {
    public static let name = "reshape"
    public static let summary = "The same elements in another shape"
    public static let shapes = "x of any shape → 'shape'"
    public static let inputNames = ["x", "shape"]

    /// Sizes; 0 takes the size that the input has there, one -1 whatever is left.
    public var shape: [Int]?
    public var allowZero = false
    public var inputs: [String]?

    public init() {}

    public init(shape: [Int], allowZero: Bool = false) { (self.shape, self.allowZero) = (shape, allowZero) }

    public var isSpatiallyLocal: Bool { false }
    public static let shorthandKey: String? = "shape"
    public static let keys: [Key<Reshape>] = [
        Key("shape", \.shape, "the new sizes: 0 takes the input's size there, -1 is what is left over"),
        Key("allow_zero", \.allowZero, "whether 0 means no elements instead"),
        inputsKey,
    ]

    public func validate() throws {
        guard let shape else { return }
        guard shape.allSatisfy({ $0 >= -1 }), shape.filter({ $0 == -1 }).count <= 1 else {
            throw TesseraError(
                .invalidArgument, "expected a 'shape' of sizes from 0 and at most one -1, found \(shape)")
        }
        guard !(allowZero && shape.contains(0) && shape.contains(-1)) else {
            throw TesseraError(.invalidArgument, "a 'shape' of \(shape) leaves open what -1 is when 0 is a size")
        }
    }

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var (op, control) = (self, ControlInputs(inputs))
        if let shape = try control.integers("shape") { op.shape = shape }
        try op.validate()
        return try control.eliding(op) { $0 == $1 }
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [inputs[0]] }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        guard let shape else { throw TesseraError(.invalidArgument, "'reshape' misses its 'shape'") }
        let input = inputs[0]
        var sizes = shape
        for (axis, size) in shape.enumerated() where size == 0 && !allowZero {
            guard axis < input.rank else {
                throw TesseraError(.shapeMismatch, "'shape' takes axis \(axis) from an input of \(input)")
            }
            sizes[axis] = input[axis]
        }
        if let open = sizes.firstIndex(of: -1) {
            sizes[open] = 1
            let rest = Shape(sizes).elementCount
            guard rest > 0, input.elementCount % rest == 0 else { throw mismatch(input) }
            sizes[open] = input.elementCount / rest
        }
        guard Shape(sizes).elementCount == input.elementCount else { throw mismatch(input) }
        return [Shape(sizes)]
    }

    private func mismatch(_ input: Shape) -> TesseraError {
        TesseraError(
            .shapeMismatch,
            "expected a 'shape' for the \(input.elementCount) elements of \(input), found \(shape ?? [])")
    }

    /// Can be cut along the outer axes that it leaves as they are.
    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let shape = try outputShapes(for: inputs)[0]
        let kept = zip(shape.dimensions, inputs[0].dimensions).prefix { $0 == $1 }.count
        guard region.ranges[kept...].elementsEqual(Region(whole: shape).ranges[kept...]) else {
            throw TesseraError(.notSupported, "'reshape' cannot be cut along axes that it changes")
        }
        let op = Reshape(shape: region.shape.dimensions, allowZero: true)
        let rest = Region(whole: inputs[0]).ranges[kept...]
        return OperatorTile(op: op, inputs: [Region(Array(region.ranges[..<kept] + rest))])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        [try inputs[0].reshaped(to: outputShapes(for: [inputs[0].shape])[0])]
    }
}
