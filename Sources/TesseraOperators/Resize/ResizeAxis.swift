import TesseraCore

/// How one axis of a whole input becomes one of the whole output.
struct ResizeAxis: Equatable {
    var input: Int
    var output: Int
    var scale = 1.0
    /// Where the cropped region begins and ends, as parts of the axis.
    var start = 0.0
    var end = 1.0

    /// Whether nothing changes.
    var isIdentity: Bool { input == output && abs(scale - 1) <= 1e-9 && start == 0 && end == 1 }
}

/// What some pixels of one axis of an output are made of: a weighted sum of as many pixels each.
struct ResizeTaps {
    /// Pixels that one output pixel is the sum of.
    var count: Int
    /// `count` positions for each output pixel, in the whole input.
    var positions: [Int] = []
    /// Their weights.
    var weights: [Double] = []
    /// Whether an output pixel lies beyond the input; empty if none can.
    var isOutside: [Bool] = []
}

extension Resize {
    /// The taps of output pixels `range` along an axis.
    func taps(_ axis: ResizeAxis, _ range: Range<Int>) -> ResizeTaps {
        let kernel = ResizeKernel(self, scale: axis.scale)
        var taps = ResizeTaps(count: kernel.count)
        taps.positions.reserveCapacity(range.count * kernel.count)
        taps.weights.reserveCapacity(range.count * kernel.count)
        for pixel in range {
            let x = coordinate(of: pixel, axis)
            let isInside = x >= 0 && x <= Double(axis.input - 1)
            if coordinates == .cropAndResize { taps.isOutside.append(!isInside) }
            // Far beyond the border it makes no difference how far.
            let limit = Double(axis.input) + 8
            kernel.append(at: x.isNaN ? 0 : min(max(x, -limit), limit), size: axis.input, to: &taps)
        }
        return taps
    }

    /// Where an output pixel lies in the input, in pixels.
    private func coordinate(of pixel: Int, _ axis: ResizeAxis) -> Double {
        let x = Double(pixel)
        let last = Double(axis.input - 1)
        // May be a fraction, which the number of pixels is not.
        let width = axis.scale * Double(axis.input)
        switch coordinates {
        case .halfPixel: return (x + 0.5) / axis.scale - 0.5
        case .halfPixelSymmetric:
            let offset = Double(axis.input) / 2 * (1 - Double(axis.output) / width)
            return offset + (x + 0.5) / axis.scale - 0.5
        case .pytorchHalfPixel: return axis.output > 1 ? (x + 0.5) / axis.scale - 0.5 : 0
        case .alignCorners: return width == 1 ? 0 : x * last / (width - 1)
        case .asymmetric: return x / axis.scale
        case .tfHalfPixelForNN: return (x + 0.5) / axis.scale
        case .cropAndResize:
            let length = axis.end - axis.start
            return axis.start * last + (width == 1 ? length * last / 2 : x * length * last / (width - 1))
        }
    }
}

/// The weights of the pixels around a position.
private struct ResizeKernel {
    let mode: Resize.Mode
    let rounding: Resize.Rounding
    let coefficient: Double
    let excludesOutside: Bool
    /// Below 1, pixels are averaged over so much larger an area; 1 otherwise.
    let shrinking: Double
    /// From the pixel before the position to the first one that counts, zero or negative.
    let first: Int
    let count: Int

    init(_ op: Resize, scale: Double) {
        (mode, rounding, coefficient) = (op.mode, op.rounding, op.cubicCoefficient)
        excludesOutside = op.excludeOutside
        shrinking = op.antialias ? min(scale, 1) : 1
        let radius: Double = mode == .cubic ? 2 : 1
        // A scale that leaves pixels is not smaller than half a pixel of the input.
        first = Int(max(-1e12, (-radius / shrinking).rounded(.down))) + 1
        count = mode == .nearest ? 1 : 2 - 2 * first
    }

    func append(at x: Double, size: Int, to taps: inout ResizeTaps) {
        // The pixel on the left, even of a position that is one.
        var left = x.rounded(.down)
        if left == x { left -= 1 }
        let ratio = x - left
        let base = Int(left)
        guard mode != .nearest else {
            taps.positions.append(min(max(base + (takesRight(ratio) ? 1 : 0), 0), size - 1))
            taps.weights.append(1)
            return
        }
        var weights = (0..<count).map { weight(shrinking * (Double(first + $0) - ratio)) }
        if excludesOutside {
            for index in 0..<count where !(0..<size).contains(base + first + index) { weights[index] = 0 }
        }
        if shrinking < 1 || excludesOutside {
            let sum = weights.reduce(0, +)
            if sum != 0 { weights = weights.map { $0 / sum } }
        }
        taps.positions += (0..<count).map { min(max(base + first + $0, 0), size - 1) }
        taps.weights += weights
    }

    /// Whether the pixel on the right is the nearest; `ratio` is above 0 and at most 1.
    private func takesRight(_ ratio: Double) -> Bool {
        if ratio == 1 { return true }
        switch rounding {
        case .preferFloor: return ratio > 0.5
        case .preferCeil: return ratio >= 0.5
        case .floor: return false
        case .ceil: return true
        }
    }

    /// The weight of a pixel at a distance. Cubic: Keys, "Cubic convolution interpolation for digital image processing", 1981.
    private func weight(_ distance: Double) -> Double {
        let (x, a) = (abs(distance), coefficient)
        guard mode == .cubic else { return max(0, 1 - x) }
        if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
    }
}
