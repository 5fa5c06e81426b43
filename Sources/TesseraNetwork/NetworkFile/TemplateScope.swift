import TesseraCore

/// The variables that stand for something at a place in a network file, and the replacement of `{…}` by them.
struct TemplateScope {
    /// The longest string that a replacement may make.
    private static let lengthLimit = 4096

    private var variables: [String: Configuration] = [:]

    var names: [String] { variables.keys.sorted() }

    /// The same scope with one more variable; an outer one of that name is hidden.
    func with(_ name: String, _ value: Configuration) -> TemplateScope {
        var scope = self
        scope.variables[name] = value
        return scope
    }

    /// `configuration` with every `{expression}` in its strings replaced. A string that is nothing but one becomes an
    /// integer, or whatever the variable stands for if it names one.
    ///
    /// - Parameter budget: counts down the values that are made.
    /// - Throws: `invalidArgument` or `notFound` at the place of the string; `limitExceeded` if the budget is used up.
    func expand(_ configuration: Configuration, budget: inout ExpansionBudget) throws -> Configuration {
        try locatingErrors(at: configuration.location) {
            try budget.useNode()
            switch configuration.content {
            case .string(let text) where text.contains("{"):
                let content = try expand(text, budget: &budget)
                return Configuration(content, at: configuration.location)
            case .list(let elements):
                let expanded = try elements.map { try expand($0, budget: &budget) }
                return Configuration(.list(expanded), at: configuration.location)
            case .map(let entries):
                try checkQuotes(entries)
                let expanded = try entries.map { entry in
                    var entry = entry
                    entry.value = try expand(entry.value, budget: &budget)
                    return entry
                }
                return Configuration(.map(expanded), at: configuration.location)
            default: return configuration
            }
        }
    }

    private func expand(_ text: String, budget: inout ExpansionBudget) throws -> Configuration.Content {
        let pieces = try Self.pieces(of: text)
        if pieces.count == 1, case .expression(let expression) = pieces[0] {
            let name = expression.trimmed
            if IntegerExpression.isName(name) {
                let value = try variable(name)
                try budget.useNodes(in: value)
                return value.content
            }
            return .integer(try evaluate(expression))
        }
        var result = ""
        for piece in pieces {
            switch piece {
            case .text(let text): result += text
            case .expression(let expression): result += try string(of: expression)
            }
            guard result.utf8.count <= Self.lengthLimit else {
                throw TesseraError(.limitExceeded, "expected a text of at most \(Self.lengthLimit) bytes, found more")
            }
        }
        return .string(result)
    }

    private func string(of expression: String) throws -> String {
        let name = expression.trimmed
        if IntegerExpression.isName(name), case .string(let text) = try variable(name).content { return text }
        return String(try evaluate(expression))
    }

    private func evaluate(_ expression: String) throws -> Int {
        try IntegerExpression.evaluate(expression) { name in
            let value = try variable(name)
            guard case .integer(let integer) = value.content else {
                throw TesseraError(
                    .invalidArgument, "in '{\(expression)}': expected '\(name)' to be an integer, found \(value)")
            }
            return integer
        }
    }

    private func variable(_ name: String) throws -> Configuration {
        guard let value = variables[name] else {
            let hint = variables.isEmpty ? "; variables come from 'repeat'" : suggestion(for: name, among: names)
            throw TesseraError(.notFound, "unknown variable '\(name)'" + hint)
        }
        return value
    }

    /// `channels: {c}` without quotes is a map with the key `c`, which nobody means.
    private func checkQuotes(_ entries: [Configuration.Entry]) throws {
        guard entries.count == 1, entries[0].value.isNull, variables[entries[0].key] != nil else { return }
        let key = entries[0].key
        throw TesseraError(.invalidArgument, "expected \"{\(key)}\" in quotes: without them, YAML reads it as a map")
    }
}

extension TemplateScope {
    private enum Piece {
        case text(String)
        case expression(String)
    }

    /// The text between braces and around them.
    private static func pieces(of text: String) throws -> [Piece] {
        var pieces: [Piece] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else {
                throw TesseraError(.invalidArgument, "expected '}' after '{' in '\(text)'")
            }
            if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
            pieces.append(.expression(String(rest[rest.index(after: open)..<close])))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        return pieces
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
