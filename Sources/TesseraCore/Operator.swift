/// One kind of layer: its configuration, what shapes it makes, what it needs for a part of its output, what it costs, and
/// a readable forward that says what it means.
///
/// A kernel backend may run it faster, never differently.
public protocol Operator: Configurable {
    /// The name in network files.
    static var name: String { get }
    static var summary: String { get }

    /// What its inputs are, in order, weights not counted; the last is repeated if it takes more.
    static var inputNames: [String] { get }
    /// Its weights, which may also be given as inputs, after all others.
    static var parameterNames: [String] { get }
    /// What its outputs are. The first is the value of the layer's own name, any other is `LAYER.name`.
    var outputNames: [String] { get }
    /// The shapes of inputs and outputs in words, for documentation: `x [batch, channels, spatial…] → [batch, channels]`.
    static var shapes: String { get }

    /// How many inputs it takes, weights that are given as inputs among them.
    var inputCount: ClosedRange<Int> { get }

    /// True if a part of the output, cut along height and width, needs only a part of the inputs.
    var isSpatiallyLocal: Bool { get }

    /// True if every output pixel depends on the input pixels at its own position alone.
    var isPointwise: Bool { get }

    /// The same operator with what is known of its control inputs (a shape, an axis, weights) moved into its keys and
    /// parameters.
    ///
    /// - Throws: `UnknownValue` if it cannot go without the value of an input that is not known.
    func resolved(_ inputs: [GivenInput]) throws -> Resolution

    /// The types of its outputs' elements.
    ///
    /// - Throws: `notSupported` for inputs of types that it does not take.
    func outputTypes(for inputs: [ElementType]) throws -> [ElementType]

    /// The weights it wants for inputs of these shapes.
    func parameters(for inputs: [Shape]) throws -> [ParameterSpecification]

    /// The shapes of its outputs.
    ///
    /// - Throws: `shapeMismatch` if the inputs do not fit.
    func outputShapes(for inputs: [Shape]) throws -> [Shape]

    /// What computes `region` of output `output` when the inputs have these shapes: an operator with that one output.
    ///
    /// - Throws: `notSupported` if the operator cannot be cut that way.
    func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile

    /// Multiply-accumulate operations for inputs and outputs of these shapes.
    func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int

    /// The meaning of the operator, in plain loops.
    ///
    /// `parameters` has every tensor that `parameters(for:)` names and the network provides.
    func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor]
}

extension Operator {
    public var name: String { Self.name }
    public static var inputNames: [String] { ["x"] }
    public static var parameterNames: [String] { [] }
    public var outputNames: [String] { ["output"] }
    public static var shapes: String { "x of any shape → the same shape" }
    public var inputCount: ClosedRange<Int> { 1...max(1, Self.inputNames.count + Self.parameterNames.count) }
    public var isSpatiallyLocal: Bool { true }
    public var isPointwise: Bool { false }
    public func parameters(for inputs: [Shape]) throws -> [ParameterSpecification] { [] }
    public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int { 0 }

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        try ControlInputs(inputs).resolution(self)
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        let type = try commonType(of: inputs) { $0.isFloatingPoint }
        return outputNames.map { _ in type }
    }

    /// The one type that all inputs have.
    ///
    /// - Throws: `notSupported` if they differ, or are of a type that is not accepted.
    public func commonType(of inputs: [ElementType], where accepts: (ElementType) -> Bool) throws -> ElementType {
        guard let first = inputs.first else { return .f32 }
        guard inputs.allSatisfy({ $0 == first }) else {
            throw TesseraError(
                .notSupported,
                "'\(Self.name)' is not supported for inputs of different types: \(inputs.map(\.rawValue).joined(separator: ", "))"
            )
        }
        guard accepts(first) else {
            throw TesseraError(.notSupported, "'\(Self.name)' is not supported for \(first)")
        }
        return first
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        throw TesseraError(.notSupported, "'\(Self.name)' cannot be computed in parts")
    }

    /// Throws `shapeMismatch` unless there are as many inputs as the operator takes.
    public func checkInputCount(_ count: Int) throws {
        guard inputCount.contains(count) else {
            let range = inputCount
            let expected =
                range.lowerBound == range.upperBound
                ? "\(range.lowerBound)"
                : range.upperBound == .max
                    ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            throw TesseraError(.shapeMismatch, "'\(Self.name)' expects \(expected) inputs, found \(count)")
        }
    }
}

/// What computes a part of an operator's output: an operator over regions of the inputs and of the parameters.
public struct OperatorTile: Sendable {
    /// Usually the same operator with other padding.
    public var op: any Operator
    /// The region of every input that it reads, never empty; nil for an input it does not read and does not take.
    public var inputs: [Region?]
    /// The regions of the parameters that it uses; one not listed is used whole.
    public var parameters: [String: Region]

    public init(op: any Operator, inputs: [Region?], parameters: [String: Region] = [:]) {
        self.op = op
        self.inputs = inputs
        self.parameters = parameters
    }
}

/// A weight that an operator wants: `LAYER.name` in a weight file.
public struct ParameterSpecification: Sendable {
    /// What it is, which decides how random weights are drawn.
    public enum Role: Sendable {
        /// Drawn with variance 2 / `fanIn` (He).
        case weight(fanIn: Int)
        case bias
        /// A factor near 1.
        case scale
        case mean
        case variance
    }

    public var name: String
    public var shape: Shape
    public var role: Role
    public var elementType: ElementType

    public init(_ name: String, _ shape: Shape, _ role: Role, _ elementType: ElementType = .f32) {
        self.name = name
        self.shape = shape
        self.role = role
        self.elementType = elementType
    }
}
