/// Which pixels of a row, and how much of each, make up the pixels of a row of another length.
///
/// The arithmetic is PIL's (`Resample.c`): weights of 22 fractional bits, and a rounding to 8 bits after each axis.
struct ResamplingAxis {
    typealias Kernel = (support: Double, weight: (Double) -> Double)

    private static let fractionBits = 22

    /// The pixels that make up one new pixel.
    private struct Window {
        var start: Int
        var weights: [Int32]
    }

    private let size: Int
    private let windows: [Window]

    init(from size: Int, to newSize: Int, kernel: Kernel) {
        let scale = Double(size) / Double(newSize)
        // A smaller picture needs a wider kernel, so that no pixel falls through.
        let stretch = max(scale, 1)
        let support = kernel.support * stretch
        self.size = size
        windows = (0..<newSize).map { index in
            let centre = (Double(index) + 0.5) * scale
            let start = max(0, Int(centre - support + 0.5))
            let end = min(size, Int(centre + support + 0.5))
            let weights = (start..<end).map { kernel.weight((Double($0) - centre + 0.5) / stretch) }
            let sum = weights.reduce(0, +)
            let fixed = weights.map { weight in
                let scaled = (sum == 0 ? weight : weight / sum) * Double(1 << Self.fractionBits)
                return Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
            }
            return Window(start: start, weights: fixed)
        }
    }

    /// Resamples the middle axis of `pixels`, an array of [outer, size, inner].
    func apply(to pixels: [UInt8], outer: Int, inner: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: outer * windows.count * inner) { result, count in
            pixels.withUnsafeBufferPointer { source in
                var target = 0
                for row in 0..<outer {
                    for window in windows {
                        let start = (row * size + window.start) * inner
                        window.weights.withUnsafeBufferPointer { weights in
                            for element in 0..<inner {
                                var sum: Int32 = 1 << (Int32(Self.fractionBits) - 1)
                                var index = start + element
                                for weight in weights {
                                    sum &+= Int32(source[index]) &* weight
                                    index += inner
                                }
                                result[target] = UInt8(max(0, min(255, sum >> Int32(Self.fractionBits))))
                                target += 1
                            }
                        }
                    }
                }
            }
            count = outer * windows.count * inner
        }
    }
}
