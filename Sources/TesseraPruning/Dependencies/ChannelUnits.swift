/// Channels by number, and which of them can only stay or go together (union-find, Tarjan 1975).
struct ChannelUnits {
    private var parents: [Int] = []
    /// Why a set must stay, by its representative.
    private var reasons: [Int: String] = [:]

    /// A channel that nothing binds yet.
    mutating func make() -> Int {
        parents.append(parents.count)
        return parents.count - 1
    }

    mutating func make(_ count: Int) -> [Int] { (0..<count).map { _ in make() } }

    /// The representative of the set that a channel is in.
    func find(_ unit: Int) -> Int {
        var root = unit
        while parents[root] != root { root = parents[root] }
        return root
    }

    /// Binds two channels to each other.
    mutating func unite(_ a: Int, _ b: Int) {
        let (first, second) = (compressed(a), compressed(b))
        guard first != second else { return }
        // The earlier one stands for both, so that numbers follow the order of the layers.
        let (root, other) = (min(first, second), max(first, second))
        parents[other] = root
        if let reason = reasons.removeValue(forKey: other), reasons[root] == nil { reasons[root] = reason }
    }

    /// Makes a channel, and all that are bound to it, stay. The first reason counts.
    mutating func keep(_ unit: Int, because reason: String) {
        let root = compressed(unit)
        if reasons[root] == nil { reasons[root] = reason }
    }

    /// Why a channel must stay; nil if it may go.
    func reason(for unit: Int) -> String? { reasons[find(unit)] }

    /// The representative; the way to it becomes shorter.
    private mutating func compressed(_ unit: Int) -> Int {
        let root = find(unit)
        var next = unit
        while parents[next] != root {
            let parent = parents[next]
            parents[next] = root
            next = parent
        }
        return root
    }
}
