import Foundation

/// Shannon's bound for codes that know nothing but how often each number occurs.
public enum OrderZeroEntropy {
    /// The bits of all numbers together: Σ -log2(how often it occurs / how many there are).
    public static func bits(of numbers: [UInt16]) -> Double {
        var counts = [Int](repeating: 0, count: 65536)
        for number in numbers { counts[Int(number)] += 1 }
        let total = Double(numbers.count)
        return counts.reduce(0) { $1 > 0 ? $0 - Double($1) * log2(Double($1) / total) : $0 }
    }
}
