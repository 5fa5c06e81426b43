import TesseraCompression

/// Predicts the bits of a weight's number from the magnitudes around it, and learns from each.
///
/// A number, counted from the commonest one, is coded as: whether it is zero; its sign; how many bits its magnitude has, one after the
/// other; then these bits from the top. Each of these decisions has a counter in every context.
final class WeightModel {
    private static let contextCount = 7
    /// Decisions: zero, sign, up to 16 for the length, 3 · 17 for the two bits below the highest, 17 · 16 for lower ones.
    private static let plainDecisionCount = 2 + 17 + 17 * 4 + 17 * 16
    /// With those of zero and of the first two of the length for the second quantizer of two.
    private static let decisionCount = plainDecisionCount + 3
    /// Contexts of one kind are numbered below this.
    private static let classLimit = 256

    private let width: Int
    /// Whether numbers are those of dependent quantization, counted from zero.
    private let isDependent: Bool
    private var state = DependentState()
    /// Probabilities of 1 in 1/65536, in the upper 22 of 32 bits, with the number of times they were learned from in the lower 10.
    private let counters: UnsafeMutablePointer<UInt32>
    /// Of the mixer, in 1/65536: one for each context, for each decision.
    private let mixing: UnsafeMutablePointer<Int32>
    private let stretches = UnsafeMutablePointer<Int32>.allocate(capacity: 4096)
    private let places = UnsafeMutablePointer<Int>.allocate(capacity: WeightModel.contextCount)
    private let inputs = UnsafeMutablePointer<Int32>.allocate(capacity: WeightModel.contextCount)
    private let bases = UnsafeMutablePointer<Int>.allocate(capacity: WeightModel.contextCount)
    private let rates = UnsafeMutablePointer<Int64>.allocate(capacity: 1024)
    /// The values of the row above and of the one above that, and the mean magnitude of each column in 1/16.
    private var above: UnsafeMutablePointer<Int32>
    private var current: UnsafeMutablePointer<Int32>
    private let columnMeans: UnsafeMutablePointer<Int32>
    private var rowSum: Int32 = 0
    private var totalMean: Int32 = 0
    private var rows = 0

    /// How often a counter learns before its rate stays the same.
    private static let patience: UInt32 = 255
    /// How fast the mixer learns, in 1/16.
    private static let mixingRate: Int64 = 20

    init(width: Int, isDependent: Bool = false) {
        (self.width, self.isDependent) = (width, isDependent)
        let count = Self.contextCount * Self.classLimit * Self.decisionCount
        counters = .allocate(capacity: count)
        counters.initialize(repeating: 1 << 31, count: count)
        mixing = .allocate(capacity: Self.decisionCount * Self.contextCount)
        mixing.initialize(repeating: 65536 / 6, count: Self.decisionCount * Self.contextCount)
        stretches.initialize(from: Logistic.stretches, count: 4096)
        places.initialize(repeating: 0, count: Self.contextCount)
        bases.initialize(repeating: 0, count: Self.contextCount)
        inputs.initialize(repeating: 0, count: Self.contextCount)
        for index in 0..<1024 { rates[index] = Int64(65536 * 2 / (2 * index + 5)) }
        above = .allocate(capacity: width + 2)
        above.initialize(repeating: 0, count: width + 2)
        current = .allocate(capacity: width + 2)
        current.initialize(repeating: 0, count: width + 2)
        columnMeans = .allocate(capacity: width + 2)
        columnMeans.initialize(repeating: 0, count: width + 2)
    }

    deinit {
        for memory in [stretches, inputs, mixing, above, current, columnMeans] { memory.deallocate() }
        counters.deallocate()
        places.deallocate()
        bases.deallocate()
        rates.deallocate()
    }

    func startRow() {
        swap(&above, &current)
        if rows > 0 { totalMean += ((rowSum / Int32(max(1, width))) - totalMean) / Int32(min(rows, 8)) }
        rowSum = 0
        rows += 1
        state = DependentState()
    }

    /// Codes the value at a column of the row; a decoder gives the one that it reads.
    func code<Coder: BinaryCoder>(_ value: Int32, column: Int, with coder: inout Coder) -> Int32 {
        chooseContexts(column)
        let value = codeValue(value, with: &coder)
        current[column] = value
        if isDependent { state.advance(by: value) }
        let magnitude = min(Int32(value.magnitude), 1 << 16) << 4
        rowSum = rowSum &+ min(magnitude, 1 << 14)
        let rate = Int32(min(rows, 16)) + 1
        columnMeans[column] += (magnitude - columnMeans[column]) / rate
        return value
    }

    // MARK: Contexts

    private func chooseContexts(_ column: Int) {
        func magnitude(_ back: Int) -> Int32 { column >= back ? Int32(current[column - back].magnitude) : 0 }
        let (first, second, third) = (magnitude(1), magnitude(2), magnitude(3))
        let near = min(((first * 2 + second + third) << 2), 1 << 20)
        let wide = min((first + second + third + magnitude(4) + magnitude(5) + magnitude(6)) << 4, 1 << 20) / 6
        let columnMean = columnMeans[column]
        let rowMean = column > 0 ? rowSum / Int32(column) : totalMean
        let upper = Int32(above[column].magnitude) << 4
        set(0, state.index)
        set(1, Self.scale(near))
        set(2, Self.scale(columnMean))
        set(3, Self.scale(rowMean))
        set(4, Self.scale((rowMean + columnMean + wide) / 3))
        // Two coarse ones together.
        set(5, min(15, Self.scale(rowMean) / 2) * 16 + min(15, Self.scale((columnMean * 3 + upper) / 4) / 2))
        // Signs and coarse sizes of the nearest values.
        let left = column > 0 ? current[column - 1] : 0
        set(6, Self.signedScale(left) * 13 + Self.signedScale(above[column]))
    }

    private func set(_ context: Int, _ number: Int) {
        bases[context] = (context * Self.classLimit + number) * Self.decisionCount
    }

    /// The logarithm of a magnitude in 1/16, in steps of a third of an octave or so.
    private static func scale(_ magnitude: Int32) -> Int {
        guard magnitude > 0 else { return 0 }
        let bits = 31 - magnitude.leadingZeroBitCount
        let below = bits >= 2 ? Int(magnitude >> Int32(bits - 2)) & 3 : 0
        return min(1 + bits * 4 + below, 127)
    }

    /// From 0 to 12; 6 for zero.
    private static func signedScale(_ value: Int32) -> Int {
        let size = min(6, 32 - Int32(value.magnitude).leadingZeroBitCount)
        return value < 0 ? 6 - size : 6 + size
    }

    // MARK: Decisions

    private func codeValue<Coder: BinaryCoder>(_ value: Int32, with coder: inout Coder) -> Int32 {
        // Numbers near zero are the likelier ones of one of the quantizers.
        let isSecond = isDependent && state.isSecond
        guard decide(value != 0, isSecond ? Self.plainDecisionCount : 0, with: &coder) else { return 0 }
        let isNegative = decide(value < 0, 1, with: &coder)
        let magnitude = Int32(value.magnitude)
        let length = 31 - max(1, magnitude).leadingZeroBitCount
        var bits = 0
        while bits < 16 {
            let decision = isSecond && bits < 2 ? Self.plainDecisionCount + 1 + bits : 2 + bits
            guard decide(length > bits, decision, with: &coder) else { break }
            bits += 1
        }
        var result: Int32 = 1
        for place in stride(from: bits - 1, through: 0, by: -1) {
            let depth = bits - 1 - place
            let decision: Int
            switch depth {
            case 0: decision = 19 + bits * 4
            case 1: decision = 19 + bits * 4 + 1 + Int(result & 1)
            default: decision = 19 + 17 * 4 + (bits * 16 + place)
            }
            let bit = decide(magnitude >> Int32(place) & 1 == 1, decision, with: &coder)
            result = result << 1 | (bit ? 1 : 0)
        }
        return isNegative ? -result : result
    }

    private func decide<Coder: BinaryCoder>(_ bit: Bool, _ decision: Int, with coder: inout Coder) -> Bool {
        let weights = mixing + decision * Self.contextCount
        var sum: Int64 = 0
        for context in 0..<Self.contextCount {
            let place = bases[context] + decision
            places[context] = place
            let counter = counters[place]
            let input = stretches[Int(counter >> 20)]
            inputs[context] = input
            sum += Int64(input) * Int64(weights[context])
        }
        let place = Int32(truncatingIfNeeded: min(max(sum >> 16, -2047), 2047))
        let probability = Logistic.squash(place)
        let coded = coder.code(bit, probability: UInt32(min(max(probability, 16), 65520)))
        learn(coded, probability, weights)
        return coded
    }

    private func learn(_ bit: Bool, _ probability: Int32, _ weights: UnsafeMutablePointer<Int32>) {
        let error = Int64((bit ? 65536 : 0) - probability)
        for context in 0..<Self.contextCount {
            let change = (Int64(inputs[context]) * error * Self.mixingRate + (1 << 19)) >> 20
            weights[context] = weights[context] &+ Int32(truncatingIfNeeded: change)
            let counter = counters[places[context]]
            let count = counter & 1023
            let old = Int64(counter >> 10)
            let target: Int64 = bit ? (1 << 22) - 1 : 0
            let new = old + ((target - old) * rates[Int(count)]) >> 16
            counters[places[context]] = UInt32(new) << 10 | min(count + 1, Self.patience)
        }
    }
}
