import TesseraCore

/// Convolution: y[n, o] = bias[o] + Σ over input channels i of o's group and kernel positions k of weight[o, i, k] · x[n, i, window k].
///
/// Input [batch, channels, spatial…], weight [output channels, input channels / groups, kernel…], bias [output channels].
/// Padding counts as zero.
public struct Conv: IntegerWeights, Equatable {
    public static let name = "conv"
    public static let summary = "Convolution over 1 to 3 spatial axes"

    public var channels = 1
    public var kernel: PerAxis = 1
    public var stride: PerAxis = 1
    public var padding: Padding = .explicit([0])
    public var dilation: PerAxis = 1
    public var groups = 1
    public var bias = true
    public var weightBits = 0
    /// Nil for a whole layer.
    public var part: ConvPart?

    public init() {}

    public static let parameterNames = ["weight", "bias"]
    public static let shapes = "[batch, channels, 1 to 3 spatial axes] → [batch, 'channels', spatial axes]"
    public static let keys: [Key<Conv>] = [
        Key(required: "channels", \.channels, "number of output channels"),
        Key(required: "kernel", \.kernel, "size of the kernel"),
        Key("stride", \.stride, "step of the window"),
        Key("padding", \.padding, "zeros around the input"),
        Key("dilation", \.dilation, "distance between kernel elements"),
        Key("groups", \.groups, "number of groups that channels are divided into"),
        Key("bias", \.bias, "whether a bias is added"), weightBitsKey,
        Key("part", \.part, "of what larger convolution it makes a part, to round as that does; plans write it"),
    ]

    public func validate() throws {
        guard channels >= 1, groups >= 1, channels % groups == 0 else {
            throw TesseraError(
                .invalidArgument,
                "expected 'channels' to be a positive multiple of 'groups', found \(channels) and \(groups)")
        }
        try part?.validate()
        try checkWeightBits()
    }

    /// Integers are summed as such: the sums are exact as long as they stay below 2^53.
    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        [try commonType(of: inputs) { $0.isFloatingPoint || $0 == .i32 }]
    }

    /// A weight that is given as an input comes without a bias, unless that is given, too.
    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var op = self
        if inputs.contains(where: { $0.role == "weight" }) { op.bias = inputs.contains { $0.role == "bias" } }
        if let (integers, weights) = try op.takingIntegers(inputs, channels: channels) {
            return try ControlInputs(inputs).resolution(integers, weights: weights)
        }
        return try ControlInputs(inputs).resolution(op)
    }

    public func parameters(for inputs: [Shape]) throws -> [ParameterSpecification] {
        let window = try window(over: inputs[0])
        let inputChannels = inputs[0][1] / groups
        return weightSpecifications(Shape([channels, inputChannels] + window.kernelSizes))
            + (bias ? [ParameterSpecification("bias", [channels], .bias)] : [])
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let window = try window(over: inputs[0])
        guard inputs[0][1] % groups == 0 else {
            throw TesseraError(
                .shapeMismatch, "expected input channels divisible by \(groups) groups, found \(inputs[0])")
        }
        return [try window.output(of: inputs[0], channels: channels)]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let window = try window(over: inputs[0])
        let (ranges, remaining) = window.inverse(region.ranges.dropFirst(2), input: inputs[0])
        let (inputChannels, groupRange) = try channelsNeeded(for: region[1], of: inputs[0][1])
        var op = self
        op.part = part(of: region, groups: groupRange.count, window)
        op.padding = remaining.padding
        op.channels = region[1].count
        op.groups = groupRange.count
        var parameters: [String: Region] = [:]
        if region[1].count < channels {
            let specifications = try self.parameters(for: inputs)
            for specification in specifications {
                parameters[specification.name] = Region(whole: specification.shape).replacing(axis: 0, with: region[1])
            }
        }
        return OperatorTile(op: op, inputs: [Region([region[0], inputChannels] + ranges)], parameters: parameters)
    }

    /// Whether kernels may compute its outputs in squares of 2x2 or 4x4, in which each rounds by its place: those of 3x3 pixels.
    public func rounds(bySquaresOver window: SlidingWindow) -> Bool {
        hasSquares(window) && wholeGroups == 1
    }

    /// Whether each channel of a picture of `inputChannels` has a kernel of its own, in this layer and in the one that it is a part of.
    public func isDepthwise(over inputChannels: Int, _ window: SlidingWindow) -> Bool {
        mayHaveOwnKernel(window) && wholeGroups > 1 && groups == inputChannels && channels == inputChannels
    }

    /// Groups of the layer that this one is a part of, if it is.
    private var wholeGroups: Int { part?.groups ?? groups }

    private func hasSquares(_ window: SlidingWindow) -> Bool {
        mayHaveOwnKernel(window) && window.axes.allSatisfy { $0.kernel == 3 && $0.stride == 1 && $0.dilation == 1 }
    }

    /// Whether there may be kernels for layers of its kind alone, so that a part has to say of what it is one.
    private func mayHaveOwnKernel(_ window: SlidingWindow) -> Bool { window.axes.count == 2 && weightBits == 0 }

    /// What a region of its output, with so many of its groups, is a part of; nil if a layer of its own would round alike.
    private func part(of region: Region, groups remaining: Int, _ window: SlidingWindow) -> ConvPart? {
        guard mayHaveOwnKernel(window) else { return nil }
        var whole = part ?? ConvPart(groups: groups)
        if whole.groups == 1 && hasSquares(window) {
            whole.origin = zip(whole.origin, region.ranges.dropFirst(2)).map { ($0 + $1.lowerBound) % 4 }
        }
        return whole == ConvPart(groups: remaining) ? nil : whole
    }

    /// The input channels and the groups that a range of output channels reads.
    private func channelsNeeded(for range: Range<Int>, of inputChannels: Int) throws -> (Range<Int>, Range<Int>) {
        let perGroup = channels / groups
        guard wholeGroups > 1, range.count < channels else { return (0..<inputChannels, 0..<groups) }
        guard range.lowerBound % perGroup == 0, range.upperBound % perGroup == 0 else {
            throw TesseraError(
                .notSupported, "expected output channels cut between groups of \(perGroup), found \(range)")
        }
        let groupRange = range.lowerBound / perGroup..<range.upperBound / perGroup
        let inputsPerGroup = inputChannels / groups
        return (groupRange.lowerBound * inputsPerGroup..<groupRange.upperBound * inputsPerGroup, groupRange)
    }

    public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
        guard let window = try? window(over: inputs[0]) else { return 0 }
        return (window.kernelSizes + [inputs[0][1] / groups]).reduce(outputs[0].elementCount, Shape.saturatingProduct)
    }

    /// The window over an input, with padding resolved.
    public func window(over input: Shape) throws -> SlidingWindow {
        try SlidingWindow(input: input, kernel: kernel, stride: stride, dilation: dilation, padding: padding)
    }

    /// Whether it makes the same of `longer` as of `input`, which `longer` begins with: no further window fits, and nothing is padded
    /// where `input` ends.
    public func ignoresEnd(of longer: Shape, after input: Shape) -> Bool {
        guard let window = try? window(over: input), (try? self.window(over: longer)) == window else { return false }
        return zip(window.axes, zip(input.spatial, longer.spatial)).allSatisfy { axis, sizes in
            sizes.0 == sizes.1 || (axis.after == 0 && axis.outputSize(sizes.0) == axis.outputSize(sizes.1))
        }
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let input = inputs[0]
        let window = try window(over: input.shape)
        let weightShape = Shape([channels, input.shape[1] / groups] + window.kernelSizes)
        let weight = try realWeight(parameters, shape: weightShape).reals()
        let biases = parameters["bias"]?.reals()
        let sizes = Array(input.shape.spatial)
        let (pixels, kernelCount) = (sizes.reduce(1, *), window.kernelSizes.reduce(1, *))
        let inputsPerGroup = input.shape[1] / groups
        let outputsPerGroup = channels / groups
        let shape = try outputShapes(for: [input.shape])[0]
        let x = input.reals()
        var y: [Double] = []
        y.reserveCapacity(shape.elementCount)
        shape.forEachIndex { index in
            let (batch, channel) = (index[0], index[1])
            var sum = biases?[channel] ?? 0
            for i in 0..<inputsPerGroup {
                let inputChannel = channel / outputsPerGroup * inputsPerGroup + i
                let xOffset = (batch * input.shape[1] + inputChannel) * pixels
                let wOffset = (channel * inputsPerGroup + i) * kernelCount
                window.forEachElement(at: Array(index.dropFirst(2)), sizes: sizes) { k, p in
                    sum += weight[wOffset + k] * x[xOffset + p]
                }
            }
            y.append(sum)
        }
        return [try Tensor(reals: y, shape: shape, elementType: input.elementType)]
    }
}
