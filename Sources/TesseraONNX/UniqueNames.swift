/// Names of which none is given twice.
struct UniqueNames {
    private var taken: Set<String>
    private var counts: [String: Int] = [:]

    init(taken: some Sequence<String> = [String]()) { self.taken = Set(taken) }

    func isFree(_ name: String) -> Bool { !taken.contains(name) }

    /// Takes a name; false if it is taken already.
    mutating func insert(_ name: String) -> Bool { taken.insert(name).inserted }

    /// Takes `name`, or the first of `name_2`, `name_3`, … that is free.
    ///
    /// - Parameter all: what a name brings with it, itself among them, which must be free and is taken as well.
    mutating func claim(_ name: String, with all: (String) -> [String] = { [$0] }) -> String {
        var candidate = name
        var number = counts[name] ?? 1
        while !all(candidate).allSatisfy(isFree) {
            number += 1
            candidate = "\(name)_\(number)"
        }
        counts[name] = number
        taken.formUnion(all(candidate))
        return candidate
    }
}
