/// What a plan takes of the memory of all devices, in bytes.
struct MemoryNeed {
    /// The most that devices need, the largest first.
    private var largest: [Int]

    private static let count = 3

    init(_ devices: [Int]) {
        largest = []
        for need in devices where largest.count < Self.count || need > largest[Self.count - 1] {
            largest.insert(need, at: largest.firstIndex { $0 < need } ?? largest.count)
            if largest.count > Self.count { largest.removeLast() }
        }
    }

    /// Of the device that needs most.
    var most: Int { largest.first ?? 0 }

    /// What is to be small where memory counts: what the device needs that needs most and, between plans that hardly differ there, the
    /// one after it, and so on. The leader's own layers alone may be the most in every plan.
    var score: Double { largest.reversed().reduce(0) { $0 * 1e-3 + Double($1) } }
}
