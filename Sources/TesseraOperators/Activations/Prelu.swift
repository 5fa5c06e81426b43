import TesseraCore

/// x where it is not negative, weight · x elsewhere. The weight is a parameter with one slope for each channel, or a second
/// input that is repeated to fit x.
public struct Prelu: DifferentiableOperator, Equatable {
    public static let name = "prelu"
    public static let summary = "x if positive, else slope · x with a learned slope"
    public static let parameterNames = ["weight"]
    public static let shapes =
        "[batch, channels, …] → the same shape; as an input, 'weight' may have any shape that x can be matched by repeating it"

    public var shared = false

    public init() {}

    public var isPointwise: Bool { true }
    public static let keys: [Key<Prelu>] = [
        Key("shared", \.shared, "whether the parameter is one slope for all channels")
    ]

    /// A weight that is given and known becomes the parameter if it is one slope, or one for each channel.
    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        let whole = Resolution.layer(self, inputs: Array(inputs.indices), parameters: [:])
        guard inputs.count == 2, inputs[0].elementType.isFloatingPoint, inputs[0].shape.rank > 0,
            let weight = inputs[1].value
        else {
            return whole
        }
        let (x, slopes) = (inputs[0].shape, weight.elementCount)
        let isPerChannel = x.rank > 1 && slopes == x[1] && weight.shape.dimensions.suffix(x.rank - 1).first == slopes
        guard slopes == 1 || (isPerChannel && weight.shape.rank >= x.rank - 1) else { return whole }
        var op = self
        op.shared = slopes == 1
        return .layer(op, inputs: [0], parameters: ["weight": try weight.reshaped(to: [slopes])])
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        [try commonType(of: inputs) { $0.isFloatingPoint || (inputs.count == 2 && $0.isInteger) }]
    }

    public func parameters(for inputs: [Shape]) throws -> [ParameterSpecification] {
        guard inputs.count == 1 else { return [] }
        return [ParameterSpecification("weight", [shared ? 1 : try channels(of: inputs[0])], .scale)]
    }

    /// A shape without an axis of channels has one.
    private func channels(of input: Shape) throws -> Int {
        guard input.rank >= 1 else { throw TesseraError(.shapeMismatch, "expected an input with axes, found a scalar") }
        return input.rank == 1 ? 1 : input[1]
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        _ = try parameters(for: inputs)
        guard try inputs.count == 1 || Shape(broadcasting: inputs) == inputs[0] else {
            throw TesseraError(
                .shapeMismatch, "expected a 'weight' that can be repeated to \(inputs[0]), found \(inputs[1])")
        }
        return [inputs[0]]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        if inputs.count == 2 {
            return OperatorTile(op: self, inputs: [region, region.unbroadcast(to: inputs[1])])
        }
        let isCut = !shared && region.rank > 1 && region[1].count < inputs[0][1]
        return OperatorTile(op: self, inputs: [region], parameters: isCut ? ["weight": Region([region[1]])] : [:])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let x = inputs[0]
        let weight = try weight(for: x, given: inputs.count == 2 ? inputs[1] : parameters["weight"], inputs.count == 2)
        if let type = x.elementType.swiftType as? any (FixedWidthInteger & TensorElement).Type {
            return [try integers(x, weight, type)]
        }
        let y = zip(x.reals(), weight.reals()).map { x, slope in x < 0 ? slope * x : x }
        return [try Tensor(reals: y, shape: x.shape, elementType: x.elementType)]
    }

    public func backward(_ pass: BackwardPass) throws -> Gradients {
        let x = pass.inputs[0]
        let isInput = pass.inputs.count == 2
        guard let given = isInput ? pass.inputs[1] : pass.parameters["weight"] else {
            throw TesseraError(.notFound, "'prelu' misses its weight")
        }
        let slopes = try weight(for: x, given: given, isInput).reals()
        let (values, gradient) = (x.reals(), pass.outputGradients[0].reals())
        let input = zip(zip(values, slopes), gradient).map { $0.0 < 0 ? $0.1 * $1 : $1 }
        let slope = zip(values, gradient).map { $0 < 0 ? $0 * $1 : 0 }
        // The slopes as they are repeated to fit x.
        let aligned =
            isInput
            ? given
            : try given.reshaped(to: Shape([given.elementCount] + x.shape.dimensions.dropFirst(2).map { _ in 1 }))
        let weight = try aligned.summed(slope, from: x.shape).reshaped(to: given.shape)
        let inputGradient = try Tensor(reals: input, shape: x.shape, elementType: x.elementType)
        return isInput
            ? Gradients(inputs: [inputGradient, weight])
            : Gradients(inputs: [inputGradient], parameters: ["weight": weight])
    }

    /// The slope of every element of x.
    private func weight(for x: Tensor, given weight: Tensor?, _ isInput: Bool) throws -> Tensor {
        guard let weight else { throw TesseraError(.notFound, "'prelu' misses its weight") }
        if isInput { return try weight.broadcast(to: x.shape) }
        let ones = [Int](repeating: 1, count: max(0, x.shape.rank - 2))
        return try weight.reshaped(to: Shape([weight.elementCount] + ones)).broadcast(to: x.shape)
    }

    private func integers<Integer: FixedWidthInteger & TensorElement>(
        _ x: Tensor, _ weight: Tensor, _ type: Integer.Type
    ) throws -> Tensor {
        let y = try zip(x.elements(type), weight.elements(type)).map { x, slope in x < 0 ? slope &* x : x }
        return try Tensor(elements: y, shape: x.shape)
    }
}
