import TesseraCore

/// What is known of a value before any input is there.
struct ValueFacts: Sendable {
    var type: ElementType?
    /// The sizes as far as they are known; nil if not even their number is.
    var dimensions: [Int?]?
    /// True for what follows from constants alone.
    var isConstant = false

    var rank: Int? { dimensions?.count }
    /// The shape, if every size is known.
    var shape: [Int]? { dimensions.flatMap { sizes in sizes.contains(nil) ? nil : sizes.compactMap { $0 } } }

    static func type(_ type: ElementType?, rank: Int? = nil) -> ValueFacts {
        ValueFacts(type: type, dimensions: rank.map { [Int?](repeating: nil, count: $0) })
    }
    static func type(_ type: ElementType?, dimensions: [Int?]?) -> ValueFacts {
        ValueFacts(type: type, dimensions: dimensions)
    }
}

/// What a node reads: a constant whose elements are at hand, or what a layer or input makes.
enum Operand: Sendable {
    struct Constant: Sendable {
        /// What tells the constants of a model apart.
        struct Identity: Hashable {
            let name: String
            let derivation: String
        }

        /// The name in the model, empty if it has none there.
        let name: String
        let tensor: Tensor
        /// What was done to the tensor that the model has under this name: `transposed_1_0`; empty for that tensor itself.
        var derivation = ""

        /// Nil for a constant that has no name.
        var identity: Identity? { name.isEmpty ? nil : Identity(name: name, derivation: derivation) }

        /// What a model's constant becomes by a step, such as `transposed_1_0`, that says all there is to it.
        func derived(_ tensor: Tensor, by step: String) -> Constant {
            Constant(name: name, tensor: tensor, derivation: derivation.isEmpty ? step : "\(derivation)_\(step)")
        }

        /// The same elements in another shape; nil if they do not fit.
        func reshaped(to sizes: [Int]) -> Constant? {
            guard let tensor = try? tensor.reshaped(to: Shape(sizes)) else { return nil }
            return derived(tensor, by: (["reshaped"] + sizes.map(String.init)).joined(separator: "_"))
        }
    }

    /// - reference: the value's name in the imported graph.
    case value(reference: String, facts: ValueFacts)
    case constant(Constant)

    var facts: ValueFacts {
        switch self {
        case .value(_, let facts): facts
        case .constant(let constant):
            ValueFacts(
                type: constant.tensor.elementType, dimensions: constant.tensor.shape.dimensions, isConstant: true)
        }
    }

    var constant: Constant? {
        if case .constant(let constant) = self { constant } else { nil }
    }

    var type: ElementType { facts.type ?? .f32 }
    var rank: Int? { facts.rank }

    /// An optional input given as a constant without elements means the same as one left out.
    var isEmptyConstant: Bool { constant.map { $0.tensor.elementCount == 0 } ?? false }

    /// The integers of a constant that lists sizes or axes; nil if it is none.
    var integers: [Int]? {
        guard let tensor = constant?.tensor, tensor.elementCount <= 1024, tensor.shape.rank <= 1 else { return nil }
        guard tensor.elementType == .i64 || tensor.elementType == .i32 else { return nil }
        return tensor.integers().map { Int($0) }
    }

    /// The numbers of a short constant of floats or integers; nil if it is none.
    var numbers: [Double]? {
        guard let tensor = constant?.tensor, tensor.elementCount <= 1024 else { return nil }
        return tensor.elementType == .f32 ? try? tensor.floats().map(\.readable) : tensor.reals()
    }

    /// The number of a constant of one element.
    var number: Double? {
        guard let numbers, numbers.count == 1 else { return nil }
        return numbers[0]
    }
}

extension Float {
    /// The shortest decimal number that is this one in single precision: 0.1, not 0.10000000149.
    var readable: Double { isFinite ? Double(description) ?? Double(self) : Double(self) }
}
