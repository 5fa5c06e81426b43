import Foundation

/// Which of two quantizers the next weight of a row is rounded by: it follows from whether the numbers before it are odd.
///
/// The first has the even multiples of half a step, the second the odd ones and zero, so that together they are twice as fine as either, for
/// the bits of one. Trellis-coded quantization (Marcellin and Fischer, 1990) with the eight states of Ungerboeck's code, as in VVC
/// (Schwarz et al., "Quantization and entropy coding in the versatile video coding (VVC) standard", 2021) and ISO/IEC 15938-17.
public struct DependentState: Sendable {
    /// How many there may be.
    public static let count = 8
    /// Where an even and an odd number lead from each.
    static let next: [UInt8] = [0, 2, 5, 7, 1, 3, 6, 4, 2, 0, 4, 6, 3, 1, 7, 5]

    /// From 0 to 7; a row begins with 0.
    public private(set) var index = 0

    public init() {}

    /// Whether the next number is one of the second quantizer.
    public var isSecond: Bool { index & 1 == 1 }

    public mutating func advance(by number: Int32) { index = Int(Self.next[2 * index + Int(number & 1)]) }
}

/// Rounds the weights of rows by the two quantizers of `DependentState`.
struct DependentQuantization {
    /// Between two numbers of a quantizer; above 0.
    let step: Double
    /// Numbers of a row.
    let rowLength: Int

    /// The weights that numbers stand for, in place of multiples of the step.
    func place(_ weights: UnsafeMutableBufferPointer<Float>) {
        guard rowLength > 0 else { return }
        for row in stride(from: 0, to: weights.count, by: rowLength) {
            var state = DependentState()
            for index in row..<min(row + rowLength, weights.count) {
                let number = (Double(weights[index]) / step).rounded()
                // A mapping that is valid has no others.
                guard let whole = Int32(exactly: number) else { continue }
                if state.isSecond, number != 0 {
                    weights[index] = Float((number - (number < 0 ? -0.5 : 0.5)) * step)
                }
                state.advance(by: whole)
            }
        }
    }

    /// The numbers of all weights, by which rows have the least squared errors plus `price` · step² for every bit that numbers are
    /// likely to take: Viterbi's algorithm. What is 0 stays 0.
    ///
    /// - Parameter price: more than 0.02 saves bytes, but makes weights smaller on the whole, which costs a network accuracy.
    func numbers(of weights: UnsafeBufferPointer<Float>, price: Double = 0.02) -> [Int32] {
        var numbers = [Int32](repeating: 0, count: weights.count)
        guard rowLength > 0 else { return numbers }
        let scales = WeightScales(weights, rowLength: rowLength)
        let rates = NumberRates()
        var path = Path(length: rowLength, price: price)
        for row in stride(from: 0, to: weights.count, by: rowLength) {
            path.begin()
            for column in 0..<min(rowLength, weights.count - row) {
                let bucket = rates.bucket(of: scales.scale(row / rowLength, column) / step)
                path.add(Double(weights[row + column]) / step, at: column, rates, bucket)
            }
            path.trace(into: &numbers, from: row, count: min(rowLength, weights.count - row))
        }
        return numbers
    }
}

/// How large the weights of a row and a column are: their mean magnitudes.
private struct WeightScales {
    private var rows: [Double]
    private var columns: [Double]
    private var mean = 0.0

    init(_ weights: UnsafeBufferPointer<Float>, rowLength: Int) {
        let count = (weights.count + rowLength - 1) / rowLength
        rows = Array(repeating: 0, count: count)
        columns = Array(repeating: 0, count: rowLength)
        for index in weights.indices {
            let magnitude = Double(weights[index].magnitude)
            rows[index / rowLength] += magnitude / Double(rowLength)
            columns[index % rowLength] += magnitude / Double(max(1, count))
        }
        mean = rows.reduce(0, +) / Double(max(1, count))
    }

    /// Above 0.
    func scale(_ row: Int, _ column: Int) -> Double {
        guard mean > 0 else { return 1 }
        return max(rows[row] * columns[column] / mean, 0.05 * mean)
    }
}

/// About how many bits numbers take where magnitudes have an exponential distribution of some mean, which is all that a context tells, but for
/// one in fifty that may be anything.
private struct NumberRates {
    /// Means, in steps, by 2^(1/4) each.
    private static let buckets = 96
    private static let least = 1.0 / 256
    /// Magnitudes beyond it take the same further bits each.
    private static let largest = 64
    private let bits: [Double]

    init() {
        bits = (0..<Self.buckets).flatMap { bucket -> [Double] in
            let mean = Self.least * exp2(Double(bucket) / 4)
            /// The part beyond a distance in half steps.
            func beyond(_ distance: Double) -> Double { exp(-distance / 2 / mean) }
            return [false, true].flatMap { isSecond in
                (0...Self.largest).map { number in
                    let number = Double(number)
                    let part: Double
                    switch (isSecond, number) {
                    case (false, 0): part = 1 - beyond(1)
                    case (false, _): part = (beyond(2 * number - 1) - beyond(2 * number + 1)) / 2
                    case (true, 0): part = 1 - beyond(0.5)
                    case (true, 1): part = (beyond(0.5) - beyond(2)) / 2
                    case (true, _): part = (beyond(2 * number - 2) - beyond(2 * number)) / 2
                    }
                    return -log2(0.98 * part + 0.02 / (2 * (number + 1) * (number + 1)))
                }
            }
        }
    }

    func bucket(of mean: Double) -> Int {
        Int(min(max((4 * log2(mean / Self.least)).rounded(), 0), Double(Self.buckets - 1)))
    }

    func bits(_ magnitude: Int32, isSecond: Bool, _ bucket: Int) -> Double {
        let first = (2 * bucket + (isSecond ? 1 : 0)) * (Self.largest + 1)
        let index = Int(magnitude)
        if index <= Self.largest { return bits[first + index] }
        let last = first + Self.largest
        return bits[last] + Double(index - Self.largest) * (bits[last] - bits[last - 1])
    }
}

/// The best ways to every state, along a row.
private struct Path {
    private var costs = [Double](repeating: 0, count: DependentState.count)
    /// At each place, for each state after it: the state before, and the number.
    private var origins: [UInt8]
    private var numbers: [Int32]
    /// Of a bit, in squared steps.
    private let price: Double

    init(length: Int, price: Double) {
        self.price = price
        origins = Array(repeating: 0, count: length * DependentState.count)
        numbers = Array(repeating: 0, count: length * DependentState.count)
    }

    mutating func begin() {
        for state in costs.indices { costs[state] = state == 0 ? 0 : .infinity }
    }

    /// - Parameter weight: in steps.
    mutating func add(_ weight: Double, at place: Int, _ rates: NumberRates, _ bucket: Int) {
        let magnitude = abs(weight)
        var best = [Double](repeating: .infinity, count: DependentState.count)
        for isSecond in [false, true] {
            let below = Int32(magnitude + (isSecond ? 0.5 : 0))
            // Zero takes the fewest bits, and is all that a weight of 0 may become.
            let candidates = magnitude == 0 ? [0] : below == 0 ? [0, 1] : [0, below, below + 1]
            for candidate in candidates {
                let distance = magnitude - Double(candidate) + (isSecond && candidate > 0 ? 0.5 : 0)
                let bits = rates.bits(candidate, isSecond: isSecond, bucket)
                let cost = distance * distance + price * bits
                for state in stride(from: isSecond ? 1 : 0, to: DependentState.count, by: 2) {
                    let total = costs[state] + cost
                    let next = Int(DependentState.next[2 * state + Int(candidate & 1)])
                    guard total < best[next] else { continue }
                    best[next] = total
                    origins[place * DependentState.count + next] = UInt8(state)
                    numbers[place * DependentState.count + next] = weight < 0 ? -candidate : candidate
                }
            }
        }
        costs = best
    }

    /// The numbers of the best way to the end of the row.
    func trace(into result: inout [Int32], from first: Int, count: Int) {
        var state = costs.indices.min { costs[$0] < costs[$1] } ?? 0
        for place in (0..<count).reversed() {
            result[first + place] = numbers[place * DependentState.count + state]
            state = Int(origins[place * DependentState.count + state])
        }
    }
}
