import TesseraCore

/// An expression over variables: `channels * (block + 1) / 2`, `stride != 1 and not last`, `first ? 2 : 1`.
///
/// From the loosest to the tightest: `a ? b : c`, `or`, `and`, `not`, `== != < <= > >=`, `+ -`, `* / %`, signs and
/// parentheses. Values are integers, `true`, `false`, and texts in single quotes; `/` drops the remainder. What a
/// condition rules out is not computed: `n > 0 and 8 / n > 2`.
struct TemplateExpression {
    enum Value: Equatable {
        case integer(Int)
        case boolean(Bool)
        case text(String)
    }

    private static let words: Set<String> = ["and", "or", "not", "true", "false"]

    private let text: String
    private let variable: (String) throws -> Value
    private var rest: Substring
    private var depth = 0
    /// More than 0 inside of what a condition rules out: there, only the grammar is checked.
    private var skips = 0

    /// - Parameter variable: gives the value of a name, or throws.
    /// - Throws: `invalidArgument` for what is no expression, values of the wrong kind, division by zero and overflow.
    static func evaluate(_ text: String, variable: @escaping (String) throws -> Value) throws -> Value {
        var parser = TemplateExpression(text: text, variable: variable, rest: text[...])
        let value = try parser.choice()
        guard parser.next == nil else { throw parser.unexpected("an operator or the end") }
        return value
    }

    /// True for a letter or `_`, then letters, digits and `_`.
    static func isName(_ text: some StringProtocol) -> Bool {
        guard let first = text.first, first.isLetter || first == "_" else { return false }
        return text.allSatisfy(isNameCharacter)
    }

    /// True for a name that a variable can have: one that means nothing else.
    static func isVariable(_ text: some StringProtocol) -> Bool { isName(text) && !words.contains(String(text)) }

    private static func isNameCharacter(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }
}

// MARK: The grammar

extension TemplateExpression {
    private mutating func choice() throws -> Value {
        let condition = try either()
        guard take("?") else { return condition }
        let isTrue = try boolean(condition, for: "?")
        let first = try skipping(!isTrue) { try $0.nested { try $0.choice() } }
        guard take(":") else { throw unexpected("':'") }
        let second = try skipping(isTrue) { try $0.nested { try $0.choice() } }
        return isTrue ? first : second
    }

    private mutating func either() throws -> Value {
        var value = try both()
        while takeWord("or") {
            let left = try boolean(value, for: "or")
            let right = try skipping(left) { try $0.boolean($0.both(), for: "or") }
            value = .boolean(left || right)
        }
        return value
    }

    private mutating func both() throws -> Value {
        var value = try negation()
        while takeWord("and") {
            let left = try boolean(value, for: "and")
            let right = try skipping(!left) { try $0.boolean($0.negation(), for: "and") }
            value = .boolean(left && right)
        }
        return value
    }

    private mutating func negation() throws -> Value {
        guard takeWord("not") else { return try comparison() }
        return .boolean(try nested { try !$0.boolean($0.negation(), for: "not") })
    }

    private mutating func comparison() throws -> Value {
        let left = try sum()
        guard let symbol = ["==", "!=", "<=", ">=", "<", ">"].first(where: { take($0) }) else { return left }
        let right = try sum()
        guard skips == 0 else { return .boolean(false) }
        if symbol == "==" || symbol == "!=" {
            guard left.kind == right.kind else {
                throw error("'\(symbol)' expects values of one kind, found \(left) and \(right)")
            }
            return .boolean((left == right) == (symbol == "=="))
        }
        let (a, b) = (try integer(left, for: symbol), try integer(right, for: symbol))
        return .boolean(symbol == "<" ? a < b : symbol == ">" ? a > b : symbol == "<=" ? a <= b : a >= b)
    }

    private mutating func sum() throws -> Value {
        var value = try product()
        while let symbol = take(anyOf: "+-") {
            let right = try product()
            value = try calculate(symbol, value, right) {
                symbol == "+" ? $0.addingReportingOverflow($1) : $0.subtractingReportingOverflow($1)
            }
        }
        return value
    }

    private mutating func product() throws -> Value {
        var value = try factor()
        while let symbol = take(anyOf: "*/%") {
            let right = try factor()
            value = try calculate(symbol, value, right) { left, right in
                guard symbol == "*" || right != 0 else { throw error("division by zero") }
                return switch symbol {
                case "*": left.multipliedReportingOverflow(by: right)
                case "/": left.dividedReportingOverflow(by: right)
                default: left.remainderReportingOverflow(dividingBy: right)
                }
            }
        }
        return value
    }

    private mutating func factor() throws -> Value {
        if let symbol = take(anyOf: "+-") {
            let value = try nested { try $0.factor() }
            return try calculate(symbol, .integer(0), value) {
                symbol == "-" ? $0.subtractingReportingOverflow($1) : ($1, false)
            }
        }
        if take("(") {
            let value = try nested { try $0.choice() }
            guard take(")") else { throw unexpected("')'") }
            return value
        }
        if take("'") {
            let text = rest.prefix { $0 != "'" }
            guard text.endIndex < rest.endIndex else { throw unexpected("a text that ends with '") }
            rest = rest[text.endIndex...].dropFirst()
            return .text(String(text))
        }
        let word = word()
        guard !word.isEmpty else { throw unexpected("a number or a variable") }
        rest = rest.dropFirst(word.count)
        if let number = Int(word) { return .integer(number) }
        if word == "true" || word == "false" { return .boolean(word == "true") }
        guard Self.isVariable(word) else { throw error("expected a number or a variable, found '\(word)'") }
        return skips > 0 ? .integer(0) : try variable(String(word))
    }

    /// Runs `body`, within bounds on how deep expressions are nested.
    private mutating func nested<Result>(_ body: (inout Self) throws -> Result) throws -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 64 else { throw error("expected at most 64 nested parentheses and signs") }
        return try body(&self)
    }

    /// Runs `body`; if `isRuledOut`, for the grammar alone.
    private mutating func skipping<Result>(
        _ isRuledOut: Bool, _ body: (inout Self) throws -> Result
    ) throws -> Result {
        if isRuledOut { skips += 1 }
        defer { if isRuledOut { skips -= 1 } }
        return try body(&self)
    }
}

// MARK: Words and values

extension TemplateExpression {
    /// The next character that is no space.
    private var next: Character? { rest.first { $0 != " " } }

    private mutating func skipSpaces() { rest = rest.drop { $0 == " " } }

    private mutating func take(_ symbol: String) -> Bool {
        skipSpaces()
        guard rest.hasPrefix(symbol) else { return false }
        rest = rest.dropFirst(symbol.count)
        return true
    }

    private mutating func take(anyOf characters: String) -> Character? {
        guard let next, characters.contains(next) else { return nil }
        skipSpaces()
        rest = rest.dropFirst()
        return next
    }

    private mutating func word() -> Substring {
        skipSpaces()
        return rest.prefix(while: Self.isNameCharacter)
    }

    private mutating func takeWord(_ expected: String) -> Bool {
        guard word() == expected else { return false }
        rest = rest.dropFirst(expected.count)
        return true
    }

    private func calculate(
        _ symbol: Character, _ left: Value, _ right: Value,
        _ operation: (Int, Int) throws -> (partialValue: Int, overflow: Bool)
    ) throws -> Value {
        guard skips == 0 else { return .integer(0) }
        let result = try operation(integer(left, for: String(symbol)), integer(right, for: String(symbol)))
        guard !result.overflow else { throw error("the result is too large") }
        return .integer(result.partialValue)
    }

    private func integer(_ value: Value, for symbol: String) throws -> Int {
        guard case .integer(let integer) = value else { throw error("'\(symbol)' expects integers, found \(value)") }
        return integer
    }

    private func boolean(_ value: Value, for symbol: String) throws -> Bool {
        guard skips == 0 else { return false }
        guard case .boolean(let boolean) = value else {
            throw error("'\(symbol)' expects true or false, found \(value)")
        }
        return boolean
    }

    private func unexpected(_ expected: String) -> TesseraError {
        let found = rest.drop { $0 == " " }
        return error("expected \(expected), found \(found.isEmpty ? "the end" : "'\(found)'")")
    }

    private func error(_ message: String) -> TesseraError {
        TesseraError(.invalidArgument, "in '{\(text)}': \(message)")
    }
}

extension TemplateExpression.Value: CustomStringConvertible {
    fileprivate var kind: Int {
        switch self {
        case .integer: 0
        case .boolean: 1
        case .text: 2
        }
    }

    /// As it stands inside a longer text.
    var plain: String {
        switch self {
        case .integer(let value): String(value)
        case .boolean(let value): String(value)
        case .text(let value): value
        }
    }

    var description: String {
        if case .text(let value) = self { "'\(value)'" } else { plain }
    }

    var content: Configuration.Content {
        switch self {
        case .integer(let value): .integer(value)
        case .boolean(let value): .bool(value)
        case .text(let value): .string(value)
        }
    }

    /// What a variable's value is in an expression; nil for what expressions have not.
    init?(_ configuration: Configuration) {
        switch configuration.content {
        case .integer(let value): self = .integer(value)
        case .bool(let value): self = .boolean(value)
        case .string(let value): self = .text(value)
        default: return nil
        }
    }
}
