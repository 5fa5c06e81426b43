/// What is known of one input of a layer while its graph is bound.
public struct GivenInput: Sendable {
    /// The name that the operator has for it: one of its `inputNames` or `parameterNames`.
    public let role: String
    public let shape: Shape
    public let elementType: ElementType
    /// Its elements, if they are known before anything runs.
    public let value: Tensor?
    /// The integers that its elements came from, if it is a weight that a file has as such.
    public let quantized: QuantizedWeight?

    public init(
        role: String, shape: Shape, elementType: ElementType, value: Tensor?, quantized: QuantizedWeight? = nil
    ) {
        (self.role, self.shape, self.elementType, self.value) = (role, shape, elementType, value)
        self.quantized = quantized
    }
}

/// What a layer becomes once its control inputs are known.
public enum Resolution: Sendable {
    /// An operator that reads the listed inputs, with weights that came as inputs.
    case layer(any Operator, inputs: [Int], parameters: [String: Tensor])
    /// No layer at all: the output is that input.
    case input(Int)
}

/// Thrown by an operator that cannot be bound without the elements of an input.
public struct UnknownValue: Error {
    /// The index of that input.
    public let input: Int

    public init(input: Int) { self.input = input }
}

/// An operator whose optional inputs may be given without those before them.
public protocol SelectsInputs: Operator {
    /// What the inputs are, by role; nil for the first ones.
    var inputs: [String]? { get set }
}

extension SelectsInputs {
    /// The key `inputs`.
    public static var inputsKey: Key<Self> {
        Key(
            "inputs", \.inputs,
            "what the inputs are, if not the first of " + (inputNames + parameterNames).joined(separator: ", "))
    }
}

extension Operator {
    /// The roles of `count` inputs.
    ///
    /// - Throws: `invalidArgument` for roles that the operator does not have, or of which there are not as many.
    public func roles(count: Int) throws -> [String] {
        let names = Self.inputNames + Self.parameterNames
        guard let selected = (self as? any SelectsInputs)?.inputs else {
            return (0..<count).map { names.isEmpty ? "x" : names[min($0, names.count - 1)] }
        }
        for role in selected where !names.contains(role) {
            throw TesseraError(.invalidArgument, "unknown input '\(role)'" + suggestion(for: role, among: names))
        }
        guard selected.count == count, Set(selected).count == count else {
            throw TesseraError(
                .invalidArgument,
                "'inputs' expects \(count) different names, as many as there are inputs, found \(selected)")
        }
        return selected
    }
}

/// Takes the inputs that control an operator, such as a shape or an axis, away from those it computes with.
public struct ControlInputs {
    private let inputs: [GivenInput]
    private var taken: Set<Int> = []

    public init(_ inputs: [GivenInput]) { self.inputs = inputs }

    /// What is known of one input.
    public func given(_ index: Int) -> GivenInput { inputs[index] }

    /// The value of an input, nil if it is not given.
    ///
    /// - Throws: `UnknownValue` if it is given but not known.
    public mutating func tensor(_ role: String) throws -> Tensor? {
        guard let index = inputs.firstIndex(where: { $0.role == role }) else { return nil }
        guard let value = inputs[index].value else { throw UnknownValue(input: index) }
        taken.insert(index)
        return value
    }

    /// The value as integers that fit the keys of an operator; larger ones are brought to the limit.
    public mutating func integers(_ role: String) throws -> [Int]? {
        let limit: Int64 = 1 << 31
        return try tensor(role)?.integers().map { Int(min(max($0, -limit), limit)) }
    }

    /// The value as one number.
    ///
    /// - Throws: `shapeMismatch` if it is not one.
    public mutating func number(_ role: String) throws -> Double? {
        guard let tensor = try tensor(role) else { return nil }
        guard tensor.elementCount == 1 else {
            throw TesseraError(.shapeMismatch, "'\(role)' expects one number, found a tensor of \(tensor.shape)")
        }
        return tensor.reals()[0]
    }

    /// The value as one integer.
    public mutating func integer(_ role: String) throws -> Int? {
        guard let value = try integers(role) else { return nil }
        guard value.count == 1 else {
            throw TesseraError(.shapeMismatch, "'\(role)' expects one integer, found \(value.count)")
        }
        return value[0]
    }

    /// The operator over what was not taken; inputs that are weights become parameters.
    ///
    /// - Parameter weights: parameters in place of the input `weight`.
    /// - Throws: `UnknownValue` for a weight that is not known.
    public func resolution(_ op: some Operator, weights own: [String: Tensor] = [:]) throws -> Resolution {
        var rest: [Int] = []
        var parameters: [String: Tensor] = [:]
        let weights = Set(type(of: op).parameterNames)
        for (index, input) in inputs.enumerated() where !taken.contains(index) {
            guard weights.contains(input.role) else {
                rest.append(index)
                continue
            }
            guard let value = input.value else { throw UnknownValue(input: index) }
            parameters[input.role] = value
        }
        parameters.merge(own) { $1 }
        return .layer(Self.selecting(rest.map { inputs[$0].role }, op), inputs: rest, parameters: parameters)
    }

    /// The operator with its key `inputs` set, if it has one and needs it.
    private static func selecting(_ roles: [String], _ op: some Operator) -> any Operator {
        guard var selecting = op as? any SelectsInputs else { return op }
        selecting.inputs = roles == Array(type(of: op).inputNames.prefix(roles.count)) ? nil : roles
        return selecting
    }
}
