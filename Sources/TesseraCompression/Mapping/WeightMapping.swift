import TesseraCore

/// How the weights of a layer become whole numbers of at most 16 bits, and back (METHODS.md B2).
///
/// The range of the weights is divided evenly into intervals that are numbered from 0 in ascending order, and a weight becomes the
/// number of its interval. The way back is the interval's middle, which no other point beats if weights are spread evenly in it.
public struct WeightMapping: Sendable, Equatable, Codable {
    /// The numbers are below 2^bits; 1 to 16.
    public let bits: Int
    /// Where the first interval begins: one number for the whole layer, or one for each output channel.
    public let minima: [Double]
    /// The width of the intervals, as many as there are minima; 0 where all weights are equal.
    public let steps: [Double]
    /// Whether the interval that 0 lies in comes back as 0 itself, so that weights that were pruned remain so.
    public let keepsZero: Bool
    /// Whether numbers are those of one of two quantizers, see `DependentState`; nil for no.
    private let dependent: Bool?

    /// Whether numbers are those of one of two quantizers, which follows from those before them in the row of their output channel, see
    /// `DependentState`.
    public var isDependent: Bool { dependent ?? false }

    /// Divides [smallest weight, largest weight] into 2^bits intervals (METHODS.md B2).
    ///
    /// - Parameters:
    ///   - weights: the output channels one after the other.
    ///   - channels: the number of output channels that have a range of their own; 1 for one range of the whole layer.
    /// - Throws: `invalidArgument` for a weight that is no finite number, or bits that are not from 1 to 16.
    public init(intervalsOf weights: UnsafeBufferPointer<Float>, bits: Int, channels: Int = 1) throws {
        try Self.check(weights, bits: bits)
        let groups = channels > 1 && weights.count >= channels ? channels : 1
        let size = weights.count / groups
        var (minima, steps, hasZeros) = ([Double](), [Double](), false)
        for group in 0..<groups {
            var (smallest, largest) = (Float.infinity, -Float.infinity)
            for index in group * size..<(group + 1) * size {
                smallest = min(smallest, weights[index])
                largest = max(largest, weights[index])
                hasZeros = hasZeros || weights[index] == 0
            }
            // A layer without weights has no range.
            if smallest > largest { (smallest, largest) = (0, 0) }
            minima.append(Double(smallest))
            steps.append((Double(largest) - Double(smallest)) / Double(1 << bits))
        }
        self.init(bits: bits, minima: minima, steps: steps, keepsZero: hasZeros)
    }

    /// Intervals of a given width, such that 0 is the middle of one of them and comes back exactly: a grid through zero, for lossy
    /// compression. As many numbers are used as the range of the weights needs.
    ///
    /// - Throws: `invalidArgument` for a weight that is no finite number, or a step that makes more than 2^16 intervals.
    public init(gridOf weights: UnsafeBufferPointer<Float>, step: Double, isDependent: Bool = false) throws {
        try Self.check(weights, bits: 16)
        guard step > 0, step.isFinite else {
            throw TesseraError(.invalidArgument, "expected a step above 0, found \(step)")
        }
        // Numbers may be those beyond the nearest, and the second quantizer's stand for less than those of the first.
        let margin = isDependent ? 2.0 : 0
        let smallest = (Double(weights.min() ?? 0) / step).rounded(.toNearestOrEven) - margin
        let largest = (Double(weights.max() ?? 0) / step).rounded(.toNearestOrEven) + margin
        let first = min(smallest, 0)
        let count = max(largest, 0) - first + 1
        guard count <= 65536 else {
            throw TesseraError(
                .invalidArgument,
                "expected a step that makes at most 65536 intervals, found \(step), which makes \(count)")
        }
        var bits = 1
        while Double(1 << bits) < count { bits += 1 }
        self.init(
            bits: bits, minima: [(first - 0.5) * step], steps: [step], keepsZero: true,
            dependent: isDependent ? true : nil)
        guard !isDependent || hasFiniteValues else {
            throw TesseraError(
                .invalidArgument,
                "expected weights that leave room for \(1 << bits) numbers below the largest of binary32, found some up to \(largest * step)"
            )
        }
    }

    private init(bits: Int, minima: [Double], steps: [Double], keepsZero: Bool, dependent: Bool? = nil) {
        (self.bits, self.minima, self.steps, self.keepsZero) = (bits, minima, steps, keepsZero)
        self.dependent = dependent
    }

    private static func check(_ weights: UnsafeBufferPointer<Float>, bits: Int) throws {
        guard (1...16).contains(bits) else {
            throw TesseraError(.invalidArgument, "expected 1 to 16 bits, found \(bits)")
        }
        if let index = weights.firstIndex(where: { !$0.isFinite }) {
            throw TesseraError(
                .invalidArgument, "expected finite weights, found \(weights[index]) at place \(index)")
        }
    }

    /// Checks what came from a file.
    ///
    /// - Parameter outputs: the output channels of the layer.
    func validate(outputs: Int) throws {
        guard (1...16).contains(bits), minima.count == steps.count, minima.count == 1 || minima.count == outputs,
            minima.allSatisfy(\.isFinite), steps.allSatisfy({ $0.isFinite && $0 >= 0 })
        else { throw TesseraError(.malformedFile, "the mapping of its numbers is not valid") }
        guard !isDependent || (minima.count == 1 && steps[0] > 0 && zeroNumber(group: 0) != nil && hasFiniteValues)
        else {
            throw TesseraError(.malformedFile, "the mapping of its numbers is not valid")
        }
    }

    /// Whether the weights that the least and the largest number of the first range stand for are numbers of binary32.
    private var hasFiniteValues: Bool { value(of: 0).isFinite && value(of: 1 << bits - 1).isFinite }

    /// The channel that each weight belongs to is its place over this; all belong to the first if there is one range.
    func groupSize(of count: Int) -> Int { max(1, minima.count > 1 ? count / minima.count : count) }

    /// The number of the interval that a weight lies in.
    func number(_ weight: Float, group: Int) -> UInt16 {
        let step = steps[group]
        guard step > 0 else { return 0 }
        let place = ((Double(weight) - minima[group]) / step).rounded(.down)
        return UInt16(min(max(place, 0), Double(1 << bits - 1)))
    }

    /// The number of each weight.
    ///
    /// - Parameter deadZone: of a grid through zero, the part of a step by which the intervals' borders lie farther from zero, from 0 to
    ///   0.5: more weights become 0, and others smaller, which costs little and takes fewer bits.
    public func numbers(of weights: UnsafeBufferPointer<Float>, deadZone: Double = 0) -> [UInt16] {
        guard deadZone == 0 || minima.count > 1 || steps[0] == 0 else {
            let zero = (-minima[0] / steps[0] - 0.5).rounded()
            let largest = Double(1 << bits - 1)
            return weights.map { weight in
                let magnitude = (Double(weight.magnitude) / steps[0] + 0.5 - deadZone).rounded(.down)
                return UInt16(min(max(zero + (weight < 0 ? -magnitude : magnitude), 0), largest))
            }
        }
        let size = groupSize(of: weights.count)
        return weights.indices.map { number(weights[$0], group: min($0 / size, minima.count - 1)) }
    }

    /// The numbers of dependent quantization.
    ///
    /// - Parameter rowLength: the weights of an output channel.
    public func dependentNumbers(of weights: UnsafeBufferPointer<Float>, rowLength: Int) -> [UInt16] {
        let (zero, largest) = (Int32(zeroNumber(group: 0) ?? 0), Int32(1 << bits - 1))
        return DependentQuantization(step: steps[0], rowLength: rowLength).numbers(of: weights).map {
            UInt16(min(max($0 + zero, 0), largest))
        }
    }

    /// Of dependent quantization, the number that stands for 0; nil for others.
    var dependentZero: UInt16? { isDependent ? zeroNumber(group: 0).map(UInt16.init(clamping:)) : nil }

    /// Turns multiples of the step into the weights that they stand for in dependent quantization; nothing for others.
    ///
    /// - Parameter rowLength: the weights of an output channel.
    func placeDependent(_ weights: UnsafeMutableBufferPointer<Float>, rowLength: Int) {
        guard isDependent else { return }
        DependentQuantization(step: steps[0], rowLength: rowLength).place(weights)
    }

    /// The number that comes back as 0 itself; nil if none does.
    ///
    /// - Parameter group: the range.
    func zeroNumber(group: Int) -> Int? {
        let (minimum, step) = (minima[group], steps[group])
        guard keepsZero, minimum <= 0, minimum + Double(1 << bits) * step >= 0 else { return nil }
        return Int(number(0, group: group))
    }

    /// The weight that a number of a range stands for. Numbers that a lossy codec made of others are below 2^bits, too.
    public func value(of number: Int, group: Int = 0) -> Float {
        value(of: number, group: group, zero: zeroNumber(group: group))
    }

    func value(of number: Int, group: Int, zero: Int?) -> Float {
        number == zero ? 0 : Float(minima[group] + (Double(number) + 0.5) * steps[group])
    }
}
