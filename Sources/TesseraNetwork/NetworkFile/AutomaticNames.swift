/// Names for layers that are not given one: what they are, and the next number that makes it unique.
struct AutomaticNames {
    private var taken: Set<String>
    private var counts: [String: Int] = [:]

    /// - Parameter taken: the names that are given.
    init(taken: Set<String>) { self.taken = taken }

    mutating func next(_ kind: String) -> String {
        var count = counts[kind, default: 0] + 1
        while !taken.insert("\(kind)\(count)").inserted { count += 1 }
        counts[kind] = count
        return "\(kind)\(count)"
    }
}
