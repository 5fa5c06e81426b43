import COneDNN
import TesseraCore
import TesseraOperators

/// The layers after a convolution of integers that run within it: functions of each element, one sum with numbers that bytes stand for,
/// and the quantization of what comes out.
struct IntegerTail {
    enum Work {
        case function(ElementFunction)
        /// The sum with a value, and the bytes that stand for it.
        case residual(Graph.ValueID, bytes: Graph.ValueID, QuantizationScale)
    }

    var work: [Work] = []
    var nodes: [Graph.Node] = []
    /// Nil if numbers come out.
    var scale: QuantizationScale?
    /// What comes out.
    var output: Graph.ValueID

    var residual: (value: Graph.ValueID, bytes: Graph.ValueID, scale: QuantizationScale)? {
        for case .residual(let value, let bytes, let scale) in work { return (value, bytes, scale) }
        return nil
    }
}

extension ProgramBuilder {
    /// The layers after `node` that a kernel of integers may do as well; none of those of a sum if nothing is quantized in the end.
    func integerTail(of node: Graph.Node) -> IntegerTail {
        var tail = IntegerTail(output: node.outputs[0])
        var plain = tail
        while let next = soleReader(of: tail.output), options.precision[next.name] == .f32, next.outputs.count == 1 {
            if let quantize = next.op as? Quantize, let scale = quantize.wholeScale, isBytes(next.outputs[0]) {
                tail.nodes.append(next)
                (tail.scale, tail.output) = (scale, next.outputs[0])
                return tail
            }
            if next.inputs == [tail.output], let functions = ElementFunction.functions(of: next.op) {
                tail.work += functions.map { .function($0) }
            } else if next.op is Add, next.inputs.count == 2, tail.residual == nil,
                let other = next.inputs.first(where: { $0 != tail.output }), isMade(other),
                graph.shapes[other] == graph.shapes[tail.output], let bytes = bytes(of: other)
            {
                tail.work.append(.residual(other, bytes: bytes.value, bytes.scale))
            } else {
                break
            }
            tail.nodes.append(next)
            tail.output = next.outputs[0]
            if tail.residual == nil { plain = tail }
        }
        return plain
    }
}

/// The numbers with which a kernel of integers computes what layers mean.
///
/// Sums are multiplied by the scales of input and weights, which makes them numbers, and divided by the scale of the output: at once
/// where only functions follow that do not mind, such as relu, else by the last that does.
struct IntegerArithmetic {
    private(set) var scaling: IntegerScaling
    private(set) var operations: [PostOperation] = []
    /// For each output channel, in units of its sums.
    private(set) var bias: [Float]

    /// - Returns: nil if the numbers cannot be represented.
    init?(source: QuantizationScale, weightScales: [Float], bias: [Float]?, tail: IntegerTail) {
        let outputScale = Double(tail.scale?.scale ?? 1)
        let mindful = tail.work.lastIndex { work in
            if case .function(let function) = work { !function.isScaleInvariant } else { false }
        }
        var factor = mindful == nil ? 1 / outputScale : 1
        let products = weightScales.map { Double($0) * Double(source.scale) }
        guard products.allSatisfy({ $0 != 0 && $0.isFinite }) else { return nil }
        var shift = 0.0
        for (index, work) in tail.work.enumerated() {
            switch work {
            case .function(let function):
                let own = index == mindful ? 1 / outputScale : 1
                operations.append(
                    .function(
                        function.isScaleInvariant ? function.scaled(by: Float(factor)) : function,
                        scale: Float(own)))
                factor *= own
            case .residual(_, _, let scale):
                let type = scale.type == .i8 ? dnnl_s8 : dnnl_u8
                operations.append(.sum(scale: Float(Double(scale.scale) * factor), type: type))
                let offset = -Double(scale.scale) * Double(scale.zeroPoint)
                if index == 0 {
                    shift = offset
                } else if offset != 0 {
                    operations.append(.function(.shift(by: Float(offset * factor))))
                }
            }
        }
        let initial = mindful == nil ? 1 / outputScale : 1
        scaling = IntegerScaling(
            scales: products.map { Float($0 * initial) }, sourceZeroPoint: source.zeroPoint,
            targetZeroPoint: tail.scale?.zeroPoint ?? 0)
        self.bias = products.indices.map { Float((Double(bias?[$0] ?? 0) + shift) / products[$0]) }
        guard scaling.scales.allSatisfy(\.isNormal), self.bias.allSatisfy(\.isFinite) else { return nil }
        if let scale = tail.scale { saturate(to: scale) }
        // Kernels of oneDNN 2.6 do not reliably tell two functions of one kind apart.
        let kinds = operations.compactMap { operation -> UInt32? in
            if case .function(let function, _) = operation { function.kind.rawValue } else { nil }
        }
        if Set(kinds).count < kinds.count { return nil }
    }

    /// Leaves out a last function that only does what storing bytes does anyway, and adds the limits that they do not have.
    private mutating func saturate(to scale: QuantizationScale) {
        let range = scale.range
        let isWhole = range == QuantizationScale.range(of: scale.type, bits: 0)
        let (low, high) = (Float(range.lowerBound - scale.zeroPoint), Float(range.upperBound - scale.zeroPoint))
        if case .function(let function, scale: 1) = operations.last, function.isWithin(low...high) {
            operations.removeLast()
        }
        if !isWhole { operations.append(.function(.limit(low...high))) }
    }
}

extension ElementFunction {
    /// Whether f(c · x) is c · f(x) for positive c, once its own bounds are multiplied as well.
    var isScaleInvariant: Bool {
        switch kind {
        case dnnl_eltwise_relu, dnnl_eltwise_clip_v2, dnnl_eltwise_abs, dnnl_eltwise_linear: true
        default: false
        }
    }

    /// A scale-invariant function of numbers that were multiplied by a positive factor.
    fileprivate func scaled(by factor: Float) -> ElementFunction {
        var result = self
        if kind == dnnl_eltwise_clip_v2 { result.alpha *= factor }
        if kind == dnnl_eltwise_clip_v2 || kind == dnnl_eltwise_linear { result.beta *= factor }
        return result
    }

    /// Whether it does no more than to bring numbers to bounds at which, or beyond which, they are saturated.
    fileprivate func isWithin(_ range: ClosedRange<Float>) -> Bool {
        switch kind {
        case dnnl_eltwise_relu: alpha == 0 && range.lowerBound == 0
        case dnnl_eltwise_clip_v2: alpha <= range.lowerBound && beta >= range.upperBound - 0.25
        default: false
        }
    }

    fileprivate static func shift(by summand: Float) -> ElementFunction {
        ElementFunction(kind: dnnl_eltwise_linear, alpha: 1, beta: summand, keepsZero: false)
    }

    fileprivate static func limit(_ range: ClosedRange<Float>) -> ElementFunction {
        ElementFunction(kind: dnnl_eltwise_clip_v2, alpha: range.lowerBound, beta: range.upperBound)
    }
}
