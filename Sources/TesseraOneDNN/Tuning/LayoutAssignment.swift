/// The cheapest choice of an option for each of several variables, where costs depend on one variable or on two.
///
/// Variables are taken out one after the other, the one with the fewest neighbours first: for every combination of its
/// neighbours' options its best own option is remembered, and the cost becomes one between the neighbours (min-sum variable
/// elimination; Dechter 1999, "Bucket elimination"). The result is the optimum.
struct LayoutAssignment {
    /// A cost that depends on the options of `variables`: row-major over them, `optionCount` options each.
    private struct Factor {
        var variables: [Int]
        var costs: [Double]
    }

    let variableCount: Int
    let optionCount: Int
    private var factors: [Factor] = []

    /// Factors over more variables than this would take too much memory.
    private static let widthLimit = 9

    init(variables: Int, options: Int) { (variableCount, optionCount) = (variables, options) }

    mutating func addCost(_ variable: Int, _ cost: (Int) -> Double) {
        factors.append(Factor(variables: [variable], costs: (0..<optionCount).map(cost)))
    }

    mutating func addCost(_ first: Int, _ second: Int, _ cost: (Int, Int) -> Double) {
        if first == second { return addCost(first) { cost($0, $0) } }
        let costs = (0..<optionCount).flatMap { a in (0..<optionCount).map { cost(a, $0) } }
        factors.append(Factor(variables: [first, second], costs: costs))
    }

    /// - Returns: an option for each variable, and what they cost together; nil if the variables depend on each other too much.
    func solve() -> (options: [Int], cost: Double)? {
        var factors = factors
        var remaining = Set(0..<variableCount)
        var eliminated: [(variable: Int, others: [Int], best: [Int])] = []
        var constant = 0.0
        while !remaining.isEmpty {
            let scopes = factors.map { Set($0.variables) }
            func neighbours(_ variable: Int) -> Set<Int> {
                let all = scopes.filter { $0.contains(variable) }.reduce(Set<Int>()) { $0.union($1) }
                return all.subtracting([variable])
            }
            let ranked = remaining.sorted().map { ($0, neighbours($0)) }
            guard let (variable, others) = ranked.min(by: { $0.1.count < $1.1.count }), others.count < Self.widthLimit
            else { return nil }
            let involved = factors.filter { $0.variables.contains(variable) }
            factors.removeAll { $0.variables.contains(variable) }
            let scope = others.sorted()
            var costs: [Double] = []
            var best: [Int] = []
            var chosen = [Int](repeating: 0, count: variableCount)
            for combination in 0..<power(scope.count) {
                assign(combination, to: scope, in: &chosen)
                let own = (0..<optionCount).map { option in
                    chosen[variable] = option
                    return involved.reduce(0) { $0 + cost(of: $1, chosen) }
                }
                let option = own.indices.min { own[$0] < own[$1] } ?? 0
                best.append(option)
                costs.append(own[option])
            }
            if scope.isEmpty { constant += costs[0] } else { factors.append(Factor(variables: scope, costs: costs)) }
            eliminated.append((variable, scope, best))
            remaining.remove(variable)
        }
        var options = [Int](repeating: 0, count: variableCount)
        for (variable, others, best) in eliminated.reversed() {
            options[variable] = best[others.reduce(0) { $0 * optionCount + options[$1] }]
        }
        return (options, constant)
    }

    private func power(_ count: Int) -> Int { (0..<count).reduce(1) { product, _ in product * optionCount } }

    private func assign(_ combination: Int, to scope: [Int], in chosen: inout [Int]) {
        var rest = combination
        for variable in scope.reversed() {
            chosen[variable] = rest % optionCount
            rest /= optionCount
        }
    }

    private func cost(of factor: Factor, _ chosen: [Int]) -> Double {
        factor.costs[factor.variables.reduce(0) { $0 * optionCount + chosen[$1] }]
    }
}
