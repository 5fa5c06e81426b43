import TesseraCore

/// The input repeated along axes of size 1, or new ones, to fit a shape, which may itself have axes of size 1 that the input
/// fills (NumPy's broadcasting).
public struct Expand: SelectsInputs, CopyingOperator, Equatable {
    public static let name = "expand"
    public static let summary = "Repetition along axes of size 1"
    public static let shapes = "x of any shape → the larger of x and 'shape', axis by axis"
    public static let inputNames = ["x", "shape"]

    public var shape: [Int]?
    public var inputs: [String]?

    public init() {}

    public init(shape: [Int]) { self.shape = shape }

    public static let shorthandKey: String? = "shape"
    public static let keys: [Key<Expand>] = [
        Key("shape", \.shape, "the sizes to fit, aligned with the input's at the last axis"), inputsKey,
    ]

    public func validate() throws {
        guard shape?.allSatisfy({ $0 >= 0 }) ?? true else {
            throw TesseraError(.invalidArgument, "expected a 'shape' of sizes from 0, found \(shape ?? [])")
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
        guard let shape else { throw TesseraError(.invalidArgument, "'expand' misses its 'shape'") }
        return [try Shape(broadcasting: [inputs[0], Shape(shape)])]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        OperatorTile(op: Expand(shape: region.shape.dimensions), inputs: [region.unbroadcast(to: inputs[0])])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        [try inputs[0].broadcast(to: outputShapes(for: [inputs[0].shape])[0])]
    }
}
