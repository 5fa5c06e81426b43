import TesseraCore
import TesseraPruning

/// What every rule for amounts must do, as checks.
struct AmountConformance: Sendable {
    private let rule: any AmountRule
    private let problems: [AmountProblem]

    init(_ rule: any AmountRule, seed: UInt64) {
        self.rule = rule
        var numbers = ConformanceNumbers(seed: seed)
        problems = Self.curves(&numbers).flatMap { curves in
            [(1, true), (1, false), (8, false)].map { Self.problem(curves, multiple: $0.0, isComparable: $0.1) }
        }
    }

    var checks: [ConformanceCheck] {
        [
            ConformanceCheck("every group has a count from 0 to the number of its channels") { [self] in
                var reason: TesseraError?
                let counts = try outcomes { reason = reason ?? $0 }
                // A target may be out of reach for some curves, but not for all.
                if let reason, counts.allSatisfy({ $0 == nil }) {
                    throw BrokenPromise(
                        description: "expected counts for some curves, found errors for all: \(reason)")
                }
                for case (let counts?, let problem) in zip(counts, problems) { try Self.check(counts, problem) }
            },
            ConformanceCheck("asked again, it gives the same counts") { [self] in
                let counts = try outcomes()
                guard try outcomes() == counts else {
                    throw BrokenPromise(description: "expected the same counts again, found others")
                }
            },
            ConformanceCheck("if its strength can be changed, 0 prunes nothing, and more never prunes less") { [self] in
                for problem in problems { try Self.checkStrengths(rule, problem) }
            },
            ConformanceCheck("threads that use it at once get the same counts") { [self] in
                let counts = try outcomes()
                try ConformanceCheck.atOnce { try outcomes() == counts }
            },
        ]
    }

    /// The counts for every problem; nil for one whose target cannot be reached, which `isOutOfReach` is told of.
    private func outcomes(isOutOfReach: (TesseraError) -> Void = { _ in }) throws -> [[Int]?] {
        try problems.map { problem in
            do { return try rule.counts(for: problem) } catch let error as TesseraError
                where error.code == .invalidArgument
            {
                isOutOfReach(error)
                return nil
            }
        }
    }

    private static func check(_ counts: [Int], _ problem: AmountProblem) throws {
        guard counts.count == problem.curves.count else {
            throw BrokenPromise(
                description: "expected a count for each of \(problem.curves.count) groups, found \(counts.count)")
        }
        for (count, curve) in zip(counts, problem.curves) where !(0...curve.values.count).contains(count) {
            throw BrokenPromise(
                description: "expected a count from 0 to \(curve.values.count) for '\(curve.group)', found \(count)")
        }
    }

    private static func checkStrengths(_ rule: any AmountRule, _ problem: AmountProblem) throws {
        var last = problem.none
        for strength in [0, 0.25, 0.5, 1] {
            let scaled: any AmountRule
            do { scaled = try rule.scaled(to: strength) } catch let error as TesseraError
                where error.code == .notSupported
            {
                return
            }
            let raw = try scaled.counts(for: problem)
            try check(raw, problem)
            let counts = problem.rounded(raw)
            guard strength > 0 || counts == problem.none else {
                throw BrokenPromise(description: "expected nothing to go at a strength of 0, found \(counts)")
            }
            guard zip(last, counts).allSatisfy(<=) else {
                throw BrokenPromise(
                    description: "expected at least \(last) at a strength of \(strength), found \(counts)")
            }
            last = counts
        }
    }

    /// Curves of all kinds: of chance, alike, of zeros, below zero, of a single channel, with one that stands out.
    private static func curves(_ numbers: inout ConformanceNumbers) -> [[SaliencyCurve]] {
        let random = [1, 3, 16, 64].map { count in
            SaliencyCurve(group: "random\(count)", values: (0..<count).map { _ in Double(numbers.next().magnitude) })
        }
        let even = SaliencyCurve(group: "even", values: Array(repeating: 2.5, count: 12))
        let zeros = SaliencyCurve(group: "zeros", values: Array(repeating: 0, count: 7))
        let negative = SaliencyCurve(group: "negative", values: (0..<9).map { Double($0) - 4 })
        let steep = SaliencyCurve(group: "steep", values: Array(repeating: 1e-9, count: 31) + [1e9])
        return [random, [even, zeros, negative, steep], [random[0]], [zeros]]
    }

    /// A network whose multiply-accumulates and latency fall with every channel that goes.
    private static func problem(_ curves: [SaliencyCurve], multiple: Int, isComparable: Bool) -> AmountProblem {
        let sizes = curves.map(\.values.count)
        @Sendable func kept(_ counts: [Int]) -> Int { zip(sizes, counts).reduce(0) { $0 + $1.0 - $1.1 } }
        return AmountProblem(
            curves: curves, isComparable: isComparable, multiple: multiple, operations: { 1000 * kept($0) },
            latency: { Double(kept($0)) })
    }
}
