import Tessera

/// What a rule for amounts gets to see.
final class ScriptAmountProblem: ScriptObject {
    private let problem: AmountProblem

    init(_ problem: AmountProblem) { self.problem = problem }

    var scriptDescription: String { "amount problem of \(problem.curves.count) groups" }

    static var scriptType: ScriptType {
        ScriptType(
            "AmountProblem", "What the function of an amount rule gets to see: how much each channel matters.",
            methods: [
                Binding(
                    of: ScriptAmountProblem.self, "operations", "operations(counts: integer[]) -> integer",
                    "The multiply-accumulates of one inference without so many channels of every group."
                ) { object, call in
                    try call.expectArguments(atMost: 1)
                    return [.integer(try object.problem.operations(object.counts(call)))]
                },
                Binding(
                    of: ScriptAmountProblem.self, "latency", "latency(counts: integer[]) -> number",
                    "The milliseconds that an inference without so many channels of every group takes, measured."
                ) { object, call in
                    try call.expectArguments(atMost: 1)
                    return [.number(try object.problem.latency(object.counts(call)))]
                },
            ],
            properties: [
                Binding(
                    of: ScriptAmountProblem.self, property: "curves",
                    "{group: string, values: number[], comparable: number[]}[]",
                    "The saliencies of the channels of every group, and the same so that they can be compared with those of other groups."
                ) { object in
                    let problem = object.problem
                    return .table(
                        ScriptTable(
                            array: zip(problem.curves, problem.comparableCurves).map { curve, comparable in
                                [
                                    "group": .string(curve.group), "values": Self.list(curve.values),
                                    "comparable": Self.list(comparable.values),
                                ]
                            }))
                },
                Binding(
                    of: ScriptAmountProblem.self, property: "multiple", "integer",
                    "The number that kept channels are rounded up to a multiple of."
                ) { .integer($0.problem.multiple) },
            ])
    }

    private static func list(_ values: [Double]) -> ScriptValue {
        .table(ScriptTable(array: values.map(ScriptValue.number)))
    }

    private func counts(_ call: ScriptCall) throws -> [Int] {
        try locatingErrors(path: "\(call.name): argument 1 (counts)") { try Self.counts(call[1], of: problem) }
    }

    /// How many channels of every group go.
    ///
    /// - Throws: `invalidArgument` for what is no such list.
    static func counts(_ value: ScriptValue, of problem: AmountProblem) throws -> [Int] {
        let counts = try value.requireArray { try $0.requireInteger() }
        guard counts.count == problem.curves.count else {
            throw TesseraError(
                .invalidArgument, "expected a count for each of \(problem.curves.count) groups, got \(counts.count)")
        }
        for (count, curve) in zip(counts, problem.curves) where !(0...curve.values.count).contains(count) {
            throw TesseraError(
                .invalidArgument,
                "expected 0 to \(curve.values.count) channels of group '\(curve.group)', got \(count)")
        }
        return counts
    }
}
