import TesseraTestSupport
import Testing

@testable import TesseraOneDNN

@Suite struct LayoutAssignmentTests {
    @Test("the assignment is the cheapest of all there are")
    func optimum() throws {
        for seed in propertySeeds(200) {
            var generator = SeededGenerator(seed: seed)
            let (variables, options) = (Int.random(in: 1...6, using: &generator), 3)
            var assignment = LayoutAssignment(variables: variables, options: options)
            var terms: [(Int, Int, [Double])] = []
            for _ in 0..<Int.random(in: 1...10, using: &generator) {
                let pair = (0..<2).map { _ in Int.random(in: 0..<variables, using: &generator) }
                let costs = (0..<options * options).map { _ in Double(Int.random(in: 0...50, using: &generator)) }
                terms.append((pair[0], pair[1], costs))
                assignment.addCost(pair[0], pair[1]) { costs[$0 * options + $1] }
            }
            func cost(_ chosen: [Int]) -> Double {
                terms.reduce(0) { $0 + $1.2[chosen[$1.0] * options + chosen[$1.1]] }
            }
            let all = (0..<variables).reduce([[Int]()]) { chosen, _ in
                chosen.flatMap { start in (0..<options).map { start + [$0] } }
            }
            let solution = try #require(assignment.solve())
            #expect(solution.cost == cost(solution.options), "TESSERA_SEED=\(seed)")
            #expect(solution.cost == all.map(cost).min(), "TESSERA_SEED=\(seed)")
        }
    }
}
