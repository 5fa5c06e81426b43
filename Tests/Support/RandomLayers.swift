import TesseraCore
import TesseraOperators

// Random settings of layers with many keys. Not all fit every input: whoever draws them asks `outputShapes`.

extension Conv {
    static func random(over input: Shape, using generator: inout SeededGenerator) -> Conv {
        var op = Conv()
        op.kernel = .random([1, 1, 2, 3, 3, 3, 4, 5, 7], &generator)
        op.stride = .random([1, 1, 1, 1, 2, 2, 3], &generator)
        op.dilation = .random([1, 1, 1, 1, 2, 3], &generator)
        op.padding = .random([0, 0, 1, 1, 2, 3, -1], &generator)
        op.bias = Bool.random(using: &generator)
        op.channels = [1, 2, 3, 5, 8, 12, 16, 16, 17, 24, 32, 48].pick(&generator)
        let divisors = (1...input[1]).filter { input[1] % $0 == 0 }
        guard Int.random(in: 0..<3, using: &generator) == 0 else { return op }
        op.groups = divisors.pick(&generator)
        op.channels = op.groups * [1, 1, 2, 3, 4, 8].pick(&generator)
        return op
    }
}

extension ConvTranspose {
    static func random(over input: Shape, using generator: inout SeededGenerator) -> ConvTranspose {
        var op = ConvTranspose()
        op.kernel = .random([1, 2, 2, 3, 4], &generator)
        op.stride = .random([1, 2, 2, 3], &generator)
        op.dilation = .random([1, 1, 1, 2], &generator)
        op.padding = .random([0, 0, 1, 2, -1], &generator)
        op.outputPadding = .random([0, 0, 1], &generator)
        op.bias = Bool.random(using: &generator)
        op.groups = Bool.random(using: &generator) ? 1 : (1...input[1]).filter { input[1] % $0 == 0 }.pick(&generator)
        op.channels = op.groups * [1, 2, 3, 8, 16].pick(&generator)
        return op
    }
}

extension Resize {
    /// Of height and width.
    static func random(using generator: inout SeededGenerator) -> Resize {
        var op = Resize()
        op.axes = [2, 3]
        op.mode = Mode.allCases.pick(&generator)
        op.rounding = Rounding.allCases.pick(&generator)
        op.coordinates = Coordinates.allCases.pick(&generator)
        op.antialias = op.mode != .nearest && Bool.random(using: &generator)
        op.excludeOutside = Bool.random(using: &generator)
        if Bool.random(using: &generator) {
            op.scales = op.axes?.map { _ in Double.random(in: 0.3...2.2, using: &generator) }
        } else {
            op.sizes = op.axes?.map { _ in Int.random(in: 1...33, using: &generator) }
            op.aspect = Aspect.allCases.pick(&generator)
        }
        op.region = (0..<4).map { Double.random(in: $0 < 2 ? -0.2...0.4 : 0.5...1.1, using: &generator) }
        return op
    }
}

extension LocalResponseNorm {
    static func random(using generator: inout SeededGenerator) -> LocalResponseNorm {
        var op = LocalResponseNorm()
        op.size = [1, 2, 3, 5].pick(&generator)
        op.alpha = 0.1
        return op
    }
}

extension MaxPool {
    static func random(using generator: inout SeededGenerator) -> MaxPool {
        var op = MaxPool()
        op.kernel = .random([1, 2, 2, 3, 3, 4, 5], &generator)
        op.stride = Bool.random(using: &generator) ? nil : .random([1, 2, 2, 3], &generator)
        op.dilation = .random([1, 1, 1, 2], &generator)
        op.padding = .random([0, 0, 0, 1, 1, 2], &generator)
        op.ceilMode = Bool.random(using: &generator)
        return op
    }
}

extension AveragePool {
    static func random(using generator: inout SeededGenerator) -> AveragePool {
        var op = AveragePool()
        op.kernel = .random([1, 2, 2, 3, 3, 4, 5], &generator)
        op.stride = Bool.random(using: &generator) ? nil : .random([1, 2, 2, 3], &generator)
        op.padding = .random([0, 0, 0, 1, 1, 2], &generator)
        op.ceilMode = Bool.random(using: &generator)
        op.countIncludePad = Bool.random(using: &generator)
        return op
    }
}

extension Pad {
    /// Along height and width, now and then along channels, with amounts that may be negative.
    static func random(using generator: inout SeededGenerator) -> Pad {
        let axes = [[2, 3], [2, 3], [-1], [2], [1, 3], [1]].pick(&generator)
        func amounts() -> [Int] { axes.map { _ in [0, 1, 2, 3, -1, -2].pick(&generator) } }
        return Pad(axes: axes, before: amounts(), after: amounts(), value: [0, 0, 1, -0.5].pick(&generator))
    }
}

extension Slice {
    /// Along up to two axes of the input, steps included.
    static func random(over input: Shape, using generator: inout SeededGenerator) -> Slice {
        let axes = [[2, 3], [2], [3], [1], [-1], [0, 2]].pick(&generator)
        let sizes = axes.map { input[$0 < 0 ? $0 + input.rank : $0] }
        let starts = sizes.map { Int.random(in: 0...$0 / 3, using: &generator) }
        let ends = sizes.map { [$0, -1, max(1, $0 - 2)].pick(&generator) }
        return Slice(axes: axes, starts: starts, ends: ends, steps: axes.map { _ in [1, 1, 1, 2, 3].pick(&generator) })
    }
}

extension PerAxis {
    /// The same for both axes, or one for each.
    fileprivate static func random(_ choices: [Int], _ generator: inout SeededGenerator) -> PerAxis {
        Int.random(in: 0..<3, using: &generator) > 0
            ? PerAxis([choices.pick(&generator)]) : PerAxis([choices.pick(&generator), choices.pick(&generator)])
    }
}

extension Padding {
    /// As much as keeps the size, or the same on all sides, or different on each.
    fileprivate static func random(_ choices: [Int], _ generator: inout SeededGenerator) -> Padding {
        switch Int.random(in: 0..<5, using: &generator) {
        case 0, 1: .same
        case 2, 3: .explicit([choices.pick(&generator)])
        default: .explicit((0..<4).map { _ in choices.pick(&generator) })
        }
    }
}
