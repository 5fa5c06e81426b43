import TesseraCore

/// Transposed convolution: every input pixel adds its value times the kernel to the output around `stride` times its position,
/// y[n, o, i · stride + k · dilation - before] += weight[c, o, k] · x[n, c, i] for the input channels c of o's group.
///
/// Input [batch, channels, spatial…], weight [input channels, output channels / groups, kernel…], bias [output channels]. The
/// output has (size - 1) · stride + (kernel - 1) · dilation + 1 + output_padding - padding before and after; with `same` it
/// has size · stride, with `output_size` what that says, and the padding follows (ONNX's ConvTranspose).
public struct ConvTranspose: Operator, Equatable {
    public static let name = "conv_transpose"
    public static let summary = "Transposed convolution over 1 to 3 spatial axes"

    public var channels = 1
    public var kernel: PerAxis = 1
    public var stride: PerAxis = 1
    public var padding: Padding = .explicit([0])
    public var outputPadding: PerAxis = 0
    public var outputSize: [Int]?
    public var dilation: PerAxis = 1
    public var groups = 1
    public var bias = true

    public init() {}

    public static let parameterNames = ["weight", "bias"]
    public static let shapes = "[batch, channels, 1 to 3 spatial axes] → [batch, 'channels', spatial axes]"
    public static let keys: [Key<ConvTranspose>] = [
        Key(required: "channels", \.channels, "number of output channels"),
        Key(required: "kernel", \.kernel, "size of the kernel"),
        Key("stride", \.stride, "output pixels from one input pixel to the next"),
        Key("padding", \.padding, "output pixels dropped around the border"),
        Key("output_padding", \.outputPadding, "output pixels added at the end"),
        Key("output_size", \.outputSize, "the spatial sizes of the output, from which the padding follows"),
        Key("dilation", \.dilation, "distance between kernel elements"),
        Key("groups", \.groups, "number of groups that channels are divided into"),
        Key("bias", \.bias, "whether a bias is added"),
    ]

    public func validate() throws {
        guard channels >= 1, groups >= 1, channels % groups == 0 else {
            throw TesseraError(
                .invalidArgument,
                "expected 'channels' to be a positive multiple of 'groups', found \(channels) and \(groups)")
        }
    }

    /// A weight that is given as an input comes without a bias, unless that is given, too.
    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var op = self
        if inputs.contains(where: { $0.role == "weight" }) { op.bias = inputs.contains { $0.role == "bias" } }
        return try ControlInputs(inputs).resolution(op)
    }

    public func parameters(for inputs: [Shape]) throws -> [ParameterSpecification] {
        let window = try window(over: inputs[0])
        let weight = Shape([inputs[0][1], channels / groups] + window.axes.map(\.kernel))
        // So many products are summed for a pixel, about.
        let steps = window.axes.map(\.stride).reduce(1, Shape.saturatingProduct)
        let taps = window.axes.map(\.kernel).reduce(inputs[0][1] / groups, Shape.saturatingProduct)
        return [ParameterSpecification("weight", weight, .weight(fanIn: max(1, taps / steps)))]
            + (bias ? [ParameterSpecification("bias", [channels], .bias)] : [])
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let window = try window(over: inputs[0])
        guard inputs[0][1] % groups == 0 else {
            throw TesseraError(
                .shapeMismatch, "expected input channels divisible by \(groups) groups, found \(inputs[0])")
        }
        return [Shape([inputs[0][0], channels] + window.axes.map(\.output))]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let parts = zip(try window(over: inputs[0]).axes, region.ranges.dropFirst(2)).map { $0.inverse($1) }
        var op = self
        op.padding = .explicit(parts.map(\.before) + parts.map(\.after))
        (op.outputPadding, op.outputSize) = (0, nil)
        let (inputChannels, groupRange) = try channelsNeeded(for: region[1], of: inputs[0][1])
        (op.channels, op.groups) = (region[1].count, groupRange.count)
        var parameters: [String: Region] = [:]
        if region[1].count < channels {
            let weight = try self.parameters(for: inputs)[0].shape
            let outputs = groups > 1 ? 0..<weight[1] : region[1]
            parameters["weight"] = Region([inputChannels, outputs] + weight.spatial.map { 0..<$0 })
            if bias { parameters["bias"] = Region([region[1]]) }
        }
        let input = Region([region[0], inputChannels] + parts.map(\.input))
        return OperatorTile(op: op, inputs: [input], parameters: parameters)
    }

    /// The input channels and the groups that a range of output channels reads.
    private func channelsNeeded(for range: Range<Int>, of inputChannels: Int) throws -> (Range<Int>, Range<Int>) {
        let (outputs, inputs) = (channels / groups, inputChannels / groups)
        guard groups > 1, range.count < channels else { return (0..<inputChannels, 0..<groups) }
        guard range.lowerBound % outputs == 0, range.upperBound % outputs == 0 else {
            throw TesseraError(
                .notSupported, "expected output channels cut between groups of \(outputs), found \(range)")
        }
        let groupRange = range.lowerBound / outputs..<range.upperBound / outputs
        return (groupRange.lowerBound * inputs..<groupRange.upperBound * inputs, groupRange)
    }

    public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
        guard let window = try? window(over: inputs[0]) else { return 0 }
        return (window.axes.map(\.kernel) + [channels / groups])
            .reduce(inputs[0].elementCount, Shape.saturatingProduct)
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let input = inputs[0].shape
        let shape = try outputShapes(for: [input])[0]
        let window = try window(over: input)
        guard let weight = parameters["weight"]?.reals() else {
            throw TesseraError(.notFound, "'conv_transpose' misses its weight")
        }
        let biases = parameters["bias"]?.reals()
        let (inputsPerGroup, outputsPerGroup) = (input[1] / groups, channels / groups)
        let (inputPixels, outputPixels) = (input.spatial.reduce(1, *), shape.spatial.reduce(1, *))
        let taps = window.axes.map(\.kernel).reduce(1, *)
        let x = inputs[0].reals()
        var y: [Double] = []
        y.reserveCapacity(shape.elementCount)
        for _ in 0..<shape[0] {
            for channel in 0..<channels {
                y.append(contentsOf: repeatElement(biases?[channel] ?? 0, count: outputPixels))
            }
        }
        for batch in 0..<input[0] {
            for channel in 0..<input[1] {
                for output in 0..<outputsPerGroup {
                    let target = batch * channels + channel / inputsPerGroup * outputsPerGroup + output
                    window.forEachProduct { tap, source, position in
                        y[target * outputPixels + position] +=
                            weight[(channel * outputsPerGroup + output) * taps + tap]
                            * x[(batch * input[1] + channel) * inputPixels + source]
                    }
                }
            }
        }
        return [try Tensor(reals: y, shape: shape, elementType: inputs[0].elementType)]
    }
}

extension TransposedWindow {
    /// Calls `body(kernelIndex, inputIndex, outputIndex)`, offsets in row-major order, for every element of the kernel and
    /// every input position that it carries to a position of the output.
    func forEachProduct(_ body: (Int, Int, Int) -> Void) {
        visit(0, 0, 0, 0, body)
    }

    private func visit(_ index: Int, _ tap: Int, _ source: Int, _ target: Int, _ body: (Int, Int, Int) -> Void) {
        guard index < axes.count else { return body(tap, source, target) }
        let axis = axes[index]
        for k in 0..<axis.kernel {
            for position in axis.contributors(k) {
                visit(
                    index + 1, tap * axis.kernel + k, source * axis.input + position,
                    target * axis.output + position * axis.stride + k * axis.dilation - axis.before, body)
            }
        }
    }
}
