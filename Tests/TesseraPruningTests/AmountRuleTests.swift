import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// How many channels each rule takes from curves whose answer follows by hand.
@Suite struct AmountRuleTests {
    /// Operations fall by one for every channel that goes.
    private static func problem(
        _ curves: [[Double]], isComparable: Bool = true, multiple: Int = 1
    ) -> AmountProblem {
        let total = curves.joined().count
        return AmountProblem(
            curves: curves.enumerated().map { SaliencyCurve(group: "g\($0)", values: $1) }, isComparable: isComparable,
            multiple: multiple, operations: { total - $0.reduce(0, +) },
            latency: { 10 * Double(total - $0.reduce(0, +)) / Double(total) })
    }

    @Test("a ratio takes the same part of each, rounded down, and refuses what would leave nothing")
    func ratio() throws {
        let problem = Self.problem([[1, 2, 3, 4], [1, 1, 1]])
        #expect(Ratio(0.5).counts(for: problem) == [2, 1])
        for value in ["1", "-0.1", ".nan", "1.5"] {
            expectError(.invalidArgument, "'ratio' from 0 to below 1") {
                try Registry<any AmountRule>.builtin.make("ratio", YAMLReader.parse(value, file: "a"))
            }
        }
    }

    @Test("a global ratio takes the least salient wherever they are, up to the cap")
    func globalRatio() {
        let curves = [[1.0, 2, 3, 4], [10, 20, 30, 40]]
        #expect(GlobalRatio(0.5).counts(for: Self.problem(curves)) == [3, 1])
        #expect(GlobalRatio(0.5, cap: 0.5).counts(for: Self.problem(curves)) == [2, 2])
        // In units of each curve's mean both are the same curve.
        #expect(GlobalRatio(0.5).counts(for: Self.problem(curves, isComparable: false)) == [2, 2])
    }

    @Test("steepness takes the flat part of each curve: a share of the area under it, up to the cap")
    func steepness() {
        // 0.1 of an area of 10 is 1, which the first five make up; the sixth would exceed it.
        let late = [0.1, 0.1, 0.2, 0.2, 0.3, 1, 1.5, 2, 2.1, 2.5]
        #expect(Steepness(share: 0.1).counts(for: Self.problem([late])) == [5])
        #expect(Steepness(share: 0.1, cap: 0.3).counts(for: Self.problem([late])) == [3])
        #expect(Steepness(share: 0).counts(for: Self.problem([late])) == [0])
        // Of values that are all alike goes that share, and of a curve that is steep at once hardly any.
        let flat = [Double](repeating: 7, count: 10)
        #expect(Steepness(share: 0.3).counts(for: Self.problem([flat])) == [3])
        #expect(Steepness(share: 0.1).counts(for: Self.problem([[0.4, 1, 1, 1]])) == [0])
        // Neither a unit matters, nor how much better the network becomes without a channel.
        #expect(Steepness(share: 0.1).counts(for: Self.problem([late.map { 512 * $0 }])) == [5])
        #expect(Steepness(share: 0.1).counts(for: Self.problem([[-9, -1, 0.5, 9.5]])) == [2])
        for key in ["share", "cap"] {
            expectError(.invalidArgument, "'\(key)' from 0 to below 1, found 1.0") {
                try Registry<any AmountRule>.builtin.make("steepness", YAMLReader.parse("{\(key): 1}", file: "a"))
            }
        }
    }

    @Test("targets take the weakest setting that reaches them, and say what can be reached at most")
    func targets() throws {
        let curves = (0..<2).map { group in (0..<20).map { Double($0 * $0) + Double(group) / 2 } }
        for rule in ScalableRule.allCases {
            let counts = try TargetMACs(factor: 2, rule: rule).counts(for: Self.problem(curves))
            #expect((20...21).contains(counts.reduce(0, +)), "\(rule): \(counts)")
        }
        #expect(try TargetMACs(factor: 1).counts(for: Self.problem(curves)) == [0, 0])
        let latency = TargetLatency()
        #expect(try latency.counts(for: Self.problem(curves)).reduce(0, +) == 20)
        expectError(.invalidArgument, "the target cannot be reached", "4 multiply-accumulates, 10.0 times fewer") {
            try TargetMACs(factor: 11).counts(for: Self.problem(curves))
        }
        expectError(.invalidArgument, "'factor' of at least 1, found 0.5") {
            try Registry<any AmountRule>.builtin.make("target-macs", YAMLReader.parse("0.5", file: "a"))
        }
    }

    @Test("what is kept is rounded up to a multiple, and never to nothing")
    func rounding() {
        let problem = Self.problem([[Double](repeating: 1, count: 20), [1, 1, 1]], multiple: 8)
        #expect(problem.rounded([3, 0]) == [0, 0])
        #expect(problem.rounded([4, 2]) == [4, 0])
        #expect(problem.rounded([19, 3]) == [12, 0])
        #expect(Self.problem([[1, 2, 3]]).rounded([3]) == [2])
    }

    @Test("every rule prunes more when it is stronger")
    func monotone() throws {
        var generator = SeededGenerator(seed: 7)
        let curves = (0..<4).map { _ in (0..<32).map { _ in Double.random(in: 0...1, using: &generator) } }
        let problem = Self.problem(curves)
        for rule in [Ratio(), GlobalRatio(), Steepness()] as [any AmountRule] {
            let totals = try stride(from: 0.0, through: 1, by: 0.1).map {
                try problem.rounded(rule.scaled(to: $0).counts(for: problem)).reduce(0, +)
            }
            #expect(totals.first == 0 && totals == totals.sorted() && totals[10] > totals[5], "\(rule): \(totals)")
        }
    }
}
