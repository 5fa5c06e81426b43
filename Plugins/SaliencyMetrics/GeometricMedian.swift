import TesseraCore
import TesseraPruning

/// The sum of the distances from a channel's kernels to those of all others: the nearer they are to the geometric median, the
/// better others can stand for them (He et al., "Filter Pruning via Geometric Median", 2019).
public struct GeometricMedian: SaliencyMetric, Configurable {
    public static let name = "fpgm"
    public static let summary = "how far the weights that make a channel are from those of the others"

    public init() {}

    public static let keys: [Key<GeometricMedian>] = []

    public func saliencies(in context: SaliencyContext) throws -> [[Double]] {
        try context.dependencies.groups.map { group in
            let kernels = try group.channels.map { try context.values(of: $0, roles: [.kernel]) }
            var sums = [Double](repeating: 0, count: kernels.count)
            for first in kernels.indices {
                try Deadline.check()
                for second in kernels.indices where second > first {
                    let distance = Self.distance(kernels[first], kernels[second])
                    sums[first] += distance
                    sums[second] += distance
                }
            }
            return sums
        }
    }

    private static func distance(_ a: [Float], _ b: [Float]) -> Double {
        var sum = 0.0
        for index in 0..<min(a.count, b.count) {
            let difference = Double(a[index]) - Double(b[index])
            sum += difference * difference
        }
        return sum.squareRoot()
    }
}
