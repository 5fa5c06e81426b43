import TesseraCore

/// One value everywhere.
public struct Fill: Operator, Equatable {
    public static let name = "fill"
    public static let summary = "One value in every place of a shape"
    public static let shapes = "→ 'shape'"
    public static let inputNames = ["shape"]

    public var shape: [Int]?
    public var value: Double = 0
    public var type = ElementType.f32

    public init() {}

    public init(shape: [Int]?, value: Double = 0, type: ElementType = .f32) {
        (self.shape, self.value, self.type) = (shape, value, type)
    }

    public var inputCount: ClosedRange<Int> { 0...1 }
    public static let shorthandKey: String? = "shape"
    public static let keys: [Key<Fill>] = [
        Key("shape", \.shape, "its shape"),
        Key("value", \.value, "the value"),
        Key("type", \.type, "the type of its elements"),
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
        return try control.resolution(op)
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [type] }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        guard let shape else { throw TesseraError(.invalidArgument, "'fill' misses its 'shape'") }
        return [try Shape(shape).computableBeforehand()]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        OperatorTile(op: Fill(shape: region.shape.dimensions, value: value, type: type), inputs: [])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let element = try Tensor(reals: [value], shape: [], elementType: type)
        return [try Tensor(repeating: element, shape: outputShapes(for: [])[0])]
    }
}

extension Shape {
    /// This shape, if a tensor of it may be made while a graph is bound, which happens without being asked for.
    ///
    /// - Throws: `outOfMemory` for more than 2^30 elements.
    func computableBeforehand() throws -> Shape {
        guard elementCount <= 1 << 30 else {
            throw TesseraError(.outOfMemory, "a value of \(self) is too large to be computed beforehand")
        }
        return self
    }
}
