import TesseraCore

/// The mean of every channel of a value, over all that was seen.
struct ChannelMeans: Sendable {
    private var sums: [Double] = []
    private var count = 0

    /// - Parameter axis: that of channels.
    mutating func add(_ tensor: Tensor, axis: Int) throws {
        let channels = tensor.shape[axis]
        let inner = tensor.shape.dimensions.dropFirst(axis + 1).reduce(1, *)
        if sums.isEmpty { sums = [Double](repeating: 0, count: channels) }
        guard inner > 0, channels == sums.count else { return }
        try tensor.withFloats { numbers in
            for row in 0..<numbers.count / inner {
                var sum: Float = 0
                for index in row * inner..<(row + 1) * inner { sum += numbers[index] }
                sums[row % channels] += Double(sum)
            }
        }
        count += tensor.elementCount / max(1, channels)
    }

    var means: [Double] { sums.map { $0 / Double(max(1, count)) } }
}
