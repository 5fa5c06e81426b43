import Foundation
import TesseraCore

/// How likely a class is.
public struct RankedClass: Sendable, Equatable, Encodable {
    /// Which picture of the batch it is about.
    public var item: Int
    /// The class's number.
    public var index: Int
    public var label: String
    public var score: Float

    enum CodingKeys: String, CodingKey {
        case item, label, score
        case index = "class"
    }
}

/// What turns scores of classes into a ranking.
struct ClassRanking {
    var labels: Labels?
    var top: Int
    var softmax: Bool

    /// How many classes there are in a tensor of this shape: [classes], or [batch, classes], or that with sizes of 1 behind.
    ///
    /// - Throws: `shapeMismatch` for other shapes, and for another number of labels.
    func check(_ shape: Shape) throws -> (batch: Int, classes: Int) {
        var sizes = shape.dimensions
        while sizes.count > 2, sizes.last == 1 { sizes.removeLast() }
        guard (1...2).contains(sizes.count), let classes = sizes.last, classes > 0 else {
            throw TesseraError(.shapeMismatch, "expected scores of [batch, classes] to rank, found \(shape)")
        }
        try labels?.check(classes)
        return (sizes.count == 2 ? sizes[0] : 1, classes)
    }

    /// The `top` best classes of every item, the best first; of equal ones, the first first.
    func rank(_ tensor: Tensor) throws -> [RankedClass] {
        let (batch, classes) = try check(tensor.shape)
        let values = try tensor.convertedToF32().floats()
        return (0..<batch).flatMap { item in
            var scores = Array(values[item * classes..<(item + 1) * classes])
            if softmax { scores = scores.softmax() }
            // What is no number comes last.
            let keys = scores.map { $0.isNaN ? -Float.infinity : $0 }
            let order = scores.indices.sorted { keys[$0] == keys[$1] ? $0 < $1 : keys[$0] > keys[$1] }
            return order.prefix(top).map {
                RankedClass(item: item, index: $0, label: labels?[$0] ?? String($0), score: scores[$0])
            }
        }
    }
}

extension Collection<Float> {
    /// exp(x - max) / Σ exp(x - max); infinite scores share what there is.
    func softmax() -> [Float] {
        let largest = self.max() ?? 0
        let exponentials = map { $0 == largest ? 1 : exp(Double($0 - largest)) }
        let sum = exponentials.reduce(0, +)
        return exponentials.map { Float($0 / sum) }
    }
}
