import TesseraCore

/// A pooling whose result passes its gradient on to what its window saw.
protocol DifferentiablePooling: Pooling, DifferentiableOperator {
    /// How much of a window's gradient each of the values that it saw gets.
    func shares(_ values: [Double], positions: Int) -> [Double]
}

extension DifferentiablePooling {
    public func backward(_ pass: BackwardPass) throws -> Gradients {
        let input = pass.inputs[0]
        let window = try window(over: input.shape)
        let sizes = Array(input.shape.spatial)
        let pixels = sizes.reduce(1, *)
        let (x, outputGradient) = (input.reals(), pass.outputGradients[0].reals())
        var gradient = [Double](repeating: 0, count: x.count)
        var output = 0
        try pooledShape(of: input.shape).forEachIndex { index in
            let offset = (index[0] * input.shape[1] + index[1]) * pixels
            let position = Array(index.dropFirst(2))
            var seen: [Int] = []
            window.forEachElement(at: position, sizes: sizes) { _, pixel in seen.append(offset + pixel) }
            let positions = window.paddedPositions(at: position, sizes: sizes)
            for (source, share) in zip(seen, shares(seen.map { x[$0] }, positions: positions)) {
                gradient[source] += share * outputGradient[output]
            }
            output += 1
        }
        return Gradients(inputs: [try Tensor(reals: gradient, shape: input.shape, elementType: input.elementType)])
    }
}

extension AveragePool: DifferentiablePooling {
    func shares(_ values: [Double], positions: Int) -> [Double] {
        let divisor = Double(countIncludePad ? positions : max(1, values.count))
        return values.map { _ in 1 / divisor }
    }
}

extension MaxPool: DifferentiablePooling {
    /// The first of the largest gets all.
    func shares(_ values: [Double], positions: Int) -> [Double] { firstLargest(values[...]) }
}

/// 1 for the first of the largest numbers, 0 for the others.
private func firstLargest(_ values: ArraySlice<Double>) -> [Double] {
    let largest = MaxPool.largest(values)
    let place = values.firstIndex { $0 == largest || ($0.isNaN && largest.isNaN) }
    return values.indices.map { $0 == place ? 1 : 0 }
}

/// A pooling over all pixels of a channel.
protocol DifferentiableGlobalPooling: GlobalPooling, DifferentiableOperator {
    func shares(_ values: ArraySlice<Double>) -> [Double]
}

extension DifferentiableGlobalPooling {
    public func backward(_ pass: BackwardPass) throws -> Gradients {
        let input = pass.inputs[0]
        let pixels = input.shape.spatial.reduce(1, *)
        let x = input.reals()
        var gradient: [Double] = []
        gradient.reserveCapacity(x.count)
        for (channel, value) in pass.outputGradients[0].reals().enumerated() {
            gradient += shares(x[channel * pixels..<(channel + 1) * pixels]).map { $0 * value }
        }
        return Gradients(inputs: [try Tensor(reals: gradient, shape: input.shape, elementType: input.elementType)])
    }
}

extension GlobalAveragePool: DifferentiableGlobalPooling {
    func shares(_ values: ArraySlice<Double>) -> [Double] { values.map { _ in 1 / Double(values.count) } }
}

extension GlobalMaxPool: DifferentiableGlobalPooling {
    func shares(_ values: ArraySlice<Double>) -> [Double] { firstLargest(values) }
}
