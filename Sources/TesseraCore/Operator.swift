/// One kind of layer: its configuration, what shapes it makes, what it needs for a part of its output, what it costs, and
/// a readable forward that says what it means.
///
/// A kernel backend may run it faster, never differently.
public protocol Operator: Configurable {
    /// The name in network files.
    static var name: String { get }
    static var summary: String { get }

    /// How many inputs it takes.
    var inputCount: ClosedRange<Int> { get }

    /// True if a part of the output, cut along height and width, needs only a part of the inputs.
    var isSpatiallyLocal: Bool { get }

    /// True if every output pixel depends on the input pixels at its own position alone.
    var isPointwise: Bool { get }

    /// The weights it wants for inputs of these shapes.
    func parameters(for inputs: [Shape]) throws -> [ParameterSpecification]

    /// The shapes of its outputs.
    ///
    /// - Throws: `shapeMismatch` if the inputs do not fit.
    func outputShapes(for inputs: [Shape]) throws -> [Shape]

    /// What computes `region` of output `output` when the inputs have these shapes.
    ///
    /// - Throws: `notSupported` if the operator cannot be cut that way.
    func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile

    /// Multiply-accumulate operations for inputs and outputs of these shapes.
    func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int

    /// The meaning of the operator, in plain loops over f32.
    ///
    /// `parameters` has every tensor that `parameters(for:)` names and the network provides.
    func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor]
}

extension Operator {
    public var name: String { Self.name }
    public var inputCount: ClosedRange<Int> { 1...1 }
    public var isSpatiallyLocal: Bool { true }
    public var isPointwise: Bool { false }
    public func parameters(for inputs: [Shape]) throws -> [ParameterSpecification] { [] }
    public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int { 0 }

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

    public init(_ name: String, _ shape: Shape, _ role: Role) {
        self.name = name
        self.shape = shape
        self.role = role
    }
}
