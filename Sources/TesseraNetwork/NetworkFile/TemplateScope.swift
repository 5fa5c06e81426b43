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

    /// Throws `invalidArgument` if `name` cannot be a variable's.
    static func checkName(_ name: String) throws {
        guard TemplateExpression.isVariable(name) else {
            throw TesseraError(
                .invalidArgument,
                "expected a variable's name of letters, digits and _, other than and, or, not, true, false; found '\(name)'"
            )
        }
    }

    /// `configuration` with every `{expression}` in its strings replaced. A string that is nothing but one becomes what the
    /// expression is, or whatever the variable stands for if it names one. `{{` and `}}` stand for single braces.
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

    /// Whether a condition holds: `true`, `"{stride != 1}"`, or the expression without braces.
    ///
    /// - Throws: as `expand`, and `invalidArgument` for what is neither true nor false.
    func holds(_ condition: Configuration, budget: inout ExpansionBudget) throws -> Bool {
        var value = condition
        if case .string(let text) = condition.content, !text.contains("{") {
            value = Configuration(try locatingErrors(at: condition.location) { try evaluate(text).content })
        } else {
            value = try expand(condition, budget: &budget)
        }
        guard case .bool(let holds) = value.content else {
            throw Configuration(value.content, at: condition.location)
                .unexpected("a condition that is true or false, such as stride != 1")
        }
        return holds
    }

    private func expand(_ text: String, budget: inout ExpansionBudget) throws -> Configuration.Content {
        let pieces = try Self.pieces(of: text)
        if pieces.count == 1, case .expression(let expression) = pieces[0] {
            let name = expression.trimmed
            if TemplateExpression.isVariable(name) {
                let value = try variable(name)
                try budget.useNodes(in: value)
                return value.content
            }
            return try evaluate(expression).content
        }
        var result = ""
        for piece in pieces {
            switch piece {
            case .text(let text): result += text
            case .expression(let expression): result += try evaluate(expression).plain
            }
            guard result.utf8.count <= Self.lengthLimit else {
                throw TesseraError(.limitExceeded, "expected a text of at most \(Self.lengthLimit) bytes, found more")
            }
        }
        return .string(result)
    }

    private func evaluate(_ expression: String) throws -> TemplateExpression.Value {
        try TemplateExpression.evaluate(expression) { name in
            let configuration = try variable(name)
            guard let value = TemplateExpression.Value(configuration) else {
                throw TesseraError(
                    .invalidArgument,
                    "in '{\(expression)}': expected '\(name)' to be an integer, true, false or a text, found \(configuration)"
                )
            }
            return value
        }
    }

    private func variable(_ name: String) throws -> Configuration {
        guard let value = variables[name] else {
            let hint =
                variables.isEmpty
                ? "; variables come from 'repeat' and from a block's 'params'" : suggestion(for: name, among: names)
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

    /// What `expand` makes `text` of again.
    static func escaped(_ text: String) -> String {
        guard text.contains("{") else { return text }
        return text.reduce(into: "") { result, character in
            result.append(character)
            if character == "{" || character == "}" { result.append(character) }
        }
    }

    /// The text between braces and around them.
    private static func pieces(of text: String) throws -> [Piece] {
        var pieces: [Piece] = []
        var plain = ""
        var rest = text[...]
        while let character = rest.first {
            if rest.hasPrefix("{{") || rest.hasPrefix("}}") {
                plain.append(character)
                rest = rest.dropFirst(2)
            } else if character == "{" {
                guard let close = rest.firstIndex(of: "}") else {
                    throw TesseraError(.invalidArgument, "expected '}' after '{' in '\(text)'")
                }
                if !plain.isEmpty { pieces.append(.text(plain)) }
                plain = ""
                pieces.append(.expression(String(rest[..<close].dropFirst())))
                rest = rest[rest.index(after: close)...]
            } else {
                plain.append(character)
                rest = rest.dropFirst()
            }
        }
        if !plain.isEmpty { pieces.append(.text(plain)) }
        return pieces
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
