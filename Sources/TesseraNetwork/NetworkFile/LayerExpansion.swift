import TesseraCore

/// Turns the `layers:` of a network file into layers, all repetitions, conditions and blocks written out.
struct LayerExpansion {
    private static let depthLimit = 64
    /// What a list of layers has beside layers.
    static let words = ["repeat", "when", "layers", "else"]

    private let operators: Registry<any Operator>
    private let blocks: [String: BlockDeclaration]
    private var budget = ExpansionBudget()
    /// The blocks that are being written out, outermost first.
    private var uses: [BlockUse] = []
    private(set) var problems = ProblemList()

    /// Blocks that are wrong already: of their uses, there is nothing to say.
    private let unreadable: Set<String>

    /// - Parameter unreadable: the names of all blocks, those that could not be read among them.
    init(
        operators: Registry<any Operator>, blocks: [String: BlockDeclaration] = [:], unreadable: Set<String> = []
    ) {
        self.operators = operators
        self.blocks = blocks
        self.unreadable = unreadable.subtracting(blocks.keys).subtracting(operators.names)
    }

    /// The layers of a list. What is wrong with one layer is kept in `problems`, and the next is read.
    mutating func items(of list: Configuration, scope: TemplateScope = TemplateScope()) throws -> [LayerItem] {
        var items: [LayerItem] = []
        for entry in try list.elements(expecting: "a list of layers") where !problems.isFull {
            do {
                items += try self.items(ofEntry: entry, scope: scope)
            } catch let error as TesseraError where error.code != .limitExceeded {
                problems.add(error.located(location: entry.location), in: uses)
                items.append(unreadable(entry, scope: scope))
            }
        }
        return items
    }

    private mutating func items(ofEntry entry: Configuration, scope: TemplateScope) throws -> [LayerItem] {
        switch entry.content {
        case .string(let name):
            return [try item(name, Configuration(.null, at: entry.location), at: entry.location, scope: scope)]
        case .map(let entries):
            let others = entries.filter { $0.key != "layers" && $0.key != "else" }
            guard others.count == 1, let main = others.first else { throw Self.notALayer(entry) }
            switch main.key {
            case "repeat":
                try Self.checkNoElse(entry, beside: "repeat")
                let layers = try Self.layers(beside: "repeat", in: entry)
                return try repetition(main.value, layers, at: entry.location, scope: scope)
            case "when":
                let layers = try Self.layers(beside: "when", in: entry)
                return try alternative(main.value, layers, entry["else"], at: main.keyLocation, scope: scope)
            default:
                try Self.checkNoElse(entry, beside: main.key)
                guard entry["layers"] == nil else {
                    throw TesseraError(
                        .invalidArgument,
                        "'layers:' goes beside 'repeat:' or 'when:', found it beside '\(main.key):'",
                        location: entry.location)
                }
                return [try item(main.key, main.value, at: main.keyLocation, scope: scope)]
            }
        default: throw Self.notALayer(entry)
        }
    }

    private static func notALayer(_ entry: Configuration) -> TesseraError {
        entry.unexpected("a layer, such as 'relu' or 'conv: {…}' with its keys inside the braces or indented further")
    }

    private static func layers(beside key: String, in entry: Configuration) throws -> Configuration {
        guard let layers = entry["layers"] else {
            throw TesseraError(.invalidArgument, "expected 'layers:' beside '\(key):'", location: entry.location)
        }
        return layers
    }

    private static func checkNoElse(_ entry: Configuration, beside key: String) throws {
        guard entry["else"] != nil else { return }
        throw TesseraError(
            .invalidArgument, "'else:' goes beside 'when:', found it beside '\(key):'", location: entry.location)
    }

    /// A layer, or the layers of a block.
    private mutating func item(
        _ name: String, _ configuration: Configuration, at location: SourceLocation?, scope: TemplateScope
    ) throws -> LayerItem {
        if let block = blocks[name] { return try use(block, configuration, at: location, scope: scope) }
        if unreadable.contains(name) { return .unreadable(name: nil, kind: name, hidesNames: true) }
        try locatingErrors(at: location) { try budget.useLayer() }
        guard operators.names.contains(name) else {
            throw TesseraError(
                .notFound,
                "unknown layer '\(name)'"
                    + (hintForNameElsewhere(name)
                        ?? suggestion(for: name, among: operators.names + blocks.keys.sorted())),
                location: location)
        }
        let expanded = try scope.expand(configuration, budget: &budget)
        return .layer(try LayerDeclaration(name, expanded, location: location, operators: operators))
    }

    private mutating func use(
        _ block: BlockDeclaration, _ configuration: Configuration, at location: SourceLocation?, scope: TemplateScope
    ) throws -> LayerItem {
        try locatingErrors(at: location) {
            try budget.useTurn()
            if let outer = uses.firstIndex(where: { $0.block == block.name }) {
                let cycle = (uses[outer...].map(\.block) + [block.name]).joined(separator: " → ")
                throw TesseraError(.invalidArgument, "the block '\(block.name)' contains itself: \(cycle)")
            }
            guard uses.count < Self.depthLimit else {
                throw TesseraError(.invalidArgument, "expected at most \(Self.depthLimit) blocks inside one another")
            }
        }
        let expanded = try scope.expand(configuration, budget: &budget)
        let common = try CommonKeys(expanded)
        let inner = try nestingErrors(path: common.name ?? block.name, at: configuration.location) {
            try block.scope(CommonKeys.removed(from: expanded), budget: &budget)
        }
        let use = BlockUse(block: block.name, location: location)
        uses.append(use)
        defer { uses.removeLast() }
        return .group(
            LayerGroup(
                kind: block.name, common: common, inputs: block.inputs,
                items: try items(of: block.layers, scope: inner), location: location, use: use))
    }

    private mutating func repetition(
        _ configuration: Configuration, _ layers: Configuration, at location: SourceLocation?, scope: TemplateScope
    ) throws -> [LayerItem] {
        let repetition = try nestingErrors(path: "repeat", at: location) {
            try RepeatDeclaration(configuration: scope.expand(configuration, budget: &budget))
        }
        var items: [LayerItem] = []
        for turn in 0..<repetition.count {
            try locatingErrors(at: location) { try budget.useTurn() }
            items += try self.items(of: layers, scope: repetition.scope(turn, in: scope))
        }
        return items
    }

    private mutating func alternative(
        _ configuration: Configuration, _ layers: Configuration, _ otherwise: Configuration?,
        at location: SourceLocation?, scope: TemplateScope
    ) throws -> [LayerItem] {
        try locatingErrors(at: location) { try budget.useTurn() }
        let (when, common) = try nestingErrors(path: "when", at: location) {
            let when = try WhenDeclaration(configuration: configuration)
            guard when.name != nil else { return (when, nil as CommonKeys?) }
            return (when, try CommonKeys(scope.expand(configuration, budget: &budget)))
        }
        let holds = try nestingErrors(path: "when") { try scope.holds(when.condition.configuration, budget: &budget) }
        var items: [LayerItem] = []
        if holds {
            items = try self.items(of: layers, scope: scope)
        } else if let otherwise {
            items = try self.items(of: otherwise, scope: scope)
        }
        guard let common else { return items }
        return [
            .group(LayerGroup(kind: "when", common: common, inputs: [], items: items, location: location, use: nil))
        ]
    }

    /// What is left of a layer that is wrong.
    private mutating func unreadable(_ entry: Configuration, scope: TemplateScope) -> LayerItem {
        if case .string(let kind) = entry.content { return .unreadable(name: nil, kind: kind, hidesNames: true) }
        let entries = (try? entry.entries()) ?? []
        guard let main = entries.first(where: { $0.key != "layers" && $0.key != "else" }) else {
            return .unreadable(name: nil, kind: "layer", hidesNames: true)
        }
        let isOneLayer = operators.names.contains(main.key)
        guard let value = main.value["name"] else {
            return .unreadable(name: nil, kind: main.key, hidesNames: !isOneLayer)
        }
        let name = try? String(configuration: scope.expand(value, budget: &budget))
        let isBlock = blocks[main.key] != nil || Self.words.contains(main.key)
        return .unreadable(name: name, kind: main.key, hidesNames: name == nil || isBlock)
    }
}
