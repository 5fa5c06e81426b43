import TesseraCore

/// Turns the `layers:` of a network file into layers, all repetitions written out.
struct LayerExpansion {
    private let operators: Registry<any Operator>
    private var budget = ExpansionBudget()
    private(set) var layers: [LayerDeclaration] = []
    private(set) var problems = ProblemList()

    init(operators: Registry<any Operator>) { self.operators = operators }

    /// Adds the layers of a list. What is wrong with one layer is kept in `problems`, and the next is read.
    mutating func add(_ list: Configuration, scope: TemplateScope = TemplateScope()) throws {
        for entry in try list.elements(expecting: "a list of layers") {
            guard !problems.isFull else { return }
            do {
                try addEntry(entry, scope: scope)
            } catch let error as TesseraError where error.code != .limitExceeded {
                problems.add(error.located(location: entry.location))
            }
        }
    }

    private mutating func addEntry(_ entry: Configuration, scope: TemplateScope) throws {
        switch entry.content {
        case .string(let name):
            try addLayer(name, Configuration(.null, at: entry.location), at: entry.location, scope: scope)
        case .map(let entries):
            let others = entries.filter { $0.key != "layers" }
            guard others.count == 1 else { throw Self.notALayer(entry) }
            let layers = entry["layers"]
            if others[0].key == "repeat" {
                guard let layers else {
                    throw TesseraError(
                        .invalidArgument, "expected 'layers:' beside 'repeat:'", location: entry.location)
                }
                try addRepetition(others[0].value, layers, at: entry.location, scope: scope)
            } else if layers != nil {
                throw TesseraError(
                    .invalidArgument, "'layers:' goes beside 'repeat:', found it beside '\(others[0].key):'",
                    location: entry.location)
            } else {
                try addLayer(others[0].key, others[0].value, at: others[0].keyLocation, scope: scope)
            }
        default: throw Self.notALayer(entry)
        }
    }

    private static func notALayer(_ entry: Configuration) -> TesseraError {
        entry.unexpected("a layer, such as 'relu' or 'conv: {…}' with its keys inside the braces or indented further")
    }

    private mutating func addLayer(
        _ name: String, _ configuration: Configuration, at location: SourceLocation?, scope: TemplateScope
    ) throws {
        try locatingErrors(at: location) { try budget.useLayer() }
        let expanded = try scope.expand(configuration, budget: &budget)
        layers.append(try LayerDeclaration(name, expanded, location: location, operators: operators))
    }

    private mutating func addRepetition(
        _ configuration: Configuration, _ layers: Configuration, at location: SourceLocation?, scope: TemplateScope
    ) throws {
        let repetition = try nestingErrors(path: "repeat", at: location) {
            try RepeatDeclaration(configuration: scope.expand(configuration, budget: &budget))
        }
        for turn in 0..<repetition.count {
            try locatingErrors(at: location) { try budget.useTurn() }
            try add(layers, scope: repetition.scope(turn, in: scope))
        }
    }
}
