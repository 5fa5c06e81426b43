import TesseraCore

/// With stored statistics a batch normalization is a factor and a summand for each channel.
extension BatchNorm: DifferentiableOperator {
    public func backward(_ pass: BackwardPass) throws -> Gradients {
        let (mean, variance) = (try vector("running_mean", pass.parameters), try vector("running_var", pass.parameters))
        let inverse = variance.map { 1 / ($0 + epsilon).squareRoot() }
        return try gradients(pass, mean: mean, inverse: inverse) { gradient, _, channel in
            gradient * inverse[channel]
        }
    }
}

/// Training: the statistics are those of the batch.
extension BatchNorm {
    /// What a batch normalization makes in training.
    public struct Training: Sendable {
        public var output: Tensor
        /// Of each channel of the batch.
        public var mean: [Double]
        /// The same, divided by the number of elements (biased), which is what the output is normalized with.
        public var variance: [Double]
        /// Elements of each channel.
        public var count: Int

        /// The running statistics after this batch, as PyTorch has them: old · (1 - momentum) + new · momentum, where the new
        /// variance is divided by one less than the number of elements (unbiased).
        public func running(mean old: [Double], variance oldVariance: [Double], momentum: Double) -> (
            mean: [Double], variance: [Double]
        ) {
            let correction = count > 1 ? Double(count) / Double(count - 1) : 1
            return (
                zip(old, mean).map { $0 * (1 - momentum) + $1 * momentum },
                zip(oldVariance, variance).map { $0 * (1 - momentum) + $1 * correction * momentum }
            )
        }
    }

    /// (x - mean) / √(variance + epsilon) · weight + bias with the mean and the variance of this batch.
    public func trainingForward(_ x: Tensor, parameters: [String: Tensor]) throws -> Training {
        let layout = ChannelLayout(x.shape)
        let (weight, bias) = (try vector("weight", parameters), try vector("bias", parameters))
        let values = x.reals()
        let count = layout.count
        let mean = layout.sums { index, _ in values[index] }.map { $0 / Double(count) }
        let variance = layout.sums { (values[$0] - mean[$1]) * (values[$0] - mean[$1]) }.map { $0 / Double(count) }
        let inverse = variance.map { 1 / ($0 + epsilon).squareRoot() }
        let y = values.enumerated().map { index, value in
            let channel = layout.channel(index)
            return (value - mean[channel]) * inverse[channel] * weight[channel] + bias[channel]
        }
        let output = try Tensor(reals: y, shape: x.shape, elementType: x.elementType)
        return Training(output: output, mean: mean, variance: variance, count: count)
    }

    /// The gradients in training, where the statistics depend on the input, too:
    /// dL/dx = weight / √(variance + epsilon) · (g - mean(g) - x̂ · mean(g · x̂)).
    public func trainingBackward(_ pass: BackwardPass) throws -> Gradients {
        let training = try trainingForward(pass.inputs[0], parameters: pass.parameters)
        let inverse = training.variance.map { 1 / ($0 + epsilon).squareRoot() }
        let layout = ChannelLayout(pass.inputs[0].shape)
        let (x, gradient) = (pass.inputs[0].reals(), pass.outputGradients[0].reals())
        let count = Double(training.count)
        let mean = layout.sums { index, _ in gradient[index] }.map { $0 / count }
        let projection = layout.sums { gradient[$0] * (x[$0] - training.mean[$1]) * inverse[$1] }.map { $0 / count }
        return try gradients(pass, mean: training.mean, inverse: inverse) { gradient, x, channel in
            (gradient - mean[channel] - x * projection[channel]) * inverse[channel]
        }
    }

    /// - Parameter input: the gradient of an element over its channel's weight, given the gradient of what was made of it, its
    ///   standardized value and its channel.
    private func gradients(
        _ pass: BackwardPass, mean: [Double], inverse: [Double], input: (Double, Double, Int) -> Double
    ) throws -> Gradients {
        let x = pass.inputs[0]
        let layout = ChannelLayout(x.shape)
        let weight = try vector("weight", pass.parameters)
        let (values, gradient) = (x.reals(), pass.outputGradients[0].reals())
        func standardized(_ index: Int, _ channel: Int) -> Double { (values[index] - mean[channel]) * inverse[channel] }
        let inputGradient = values.indices.map { index in
            let channel = layout.channel(index)
            return weight[channel] * input(gradient[index], standardized(index, channel), channel)
        }
        let weightGradient = layout.sums { gradient[$0] * standardized($0, $1) }
        let biasGradient = layout.sums { index, _ in gradient[index] }
        let shape: Shape = [weight.count]
        func tensor(_ values: [Double]) throws -> Tensor {
            try Tensor(reals: values, shape: shape, elementType: pass.parameters["weight"]?.elementType ?? .f32)
        }
        return Gradients(
            inputs: [try Tensor(reals: inputGradient, shape: x.shape, elementType: x.elementType)],
            parameters: ["weight": try tensor(weightGradient), "bias": try tensor(biasGradient)])
    }

    private func vector(_ name: String, _ parameters: [String: Tensor]) throws -> [Double] {
        guard let tensor = parameters[name] else {
            throw TesseraError(.notFound, "'batch_norm' misses its \(name)")
        }
        return tensor.reals()
    }
}

/// Which channel each element of a tensor [batch, channels, …] belongs to.
private struct ChannelLayout {
    let channels: Int
    let pixels: Int
    let elements: Int

    init(_ shape: Shape) {
        channels = shape.rank > 1 ? shape[1] : 1
        pixels = shape.spatial.reduce(1, *)
        elements = shape.elementCount
    }

    /// Elements of each channel.
    var count: Int { elements / max(1, channels) }

    func channel(_ index: Int) -> Int { index / pixels % channels }

    /// For each channel, the sum of `value(index, channel)` over its elements.
    func sums(_ value: (Int, Int) -> Double) -> [Double] {
        var sums = [Double](repeating: 0, count: channels)
        for index in 0..<elements {
            let channel = channel(index)
            sums[channel] += value(index, channel)
        }
        return sums
    }
}
