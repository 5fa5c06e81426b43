import TesseraCore

/// An integer expression over variables: `channels * (block + 1) / 2`.
///
/// It has `+ - * / %`, signs and parentheses, with the usual precedence; `/` drops the remainder.
struct IntegerExpression {
    private let text: String
    private let variable: (String) throws -> Int
    private var rest: Substring
    private var depth = 0

    /// - Parameter variable: gives the value of a name, or throws.
    /// - Throws: `invalidArgument` for what is no expression, division by zero and overflow.
    static func evaluate(_ text: String, variable: @escaping (String) throws -> Int) throws -> Int {
        var parser = IntegerExpression(text: text, variable: variable, rest: text[...])
        let value = try parser.sum()
        guard parser.next == nil else { throw parser.unexpected("an operator or the end") }
        return value
    }

    /// True for a name that a variable can have: a letter or `_`, then letters, digits and `_`.
    static func isName(_ text: some StringProtocol) -> Bool {
        guard let first = text.first, first.isLetter || first == "_" else { return false }
        return text.allSatisfy(isNameCharacter)
    }

    private static func isNameCharacter(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }

    /// The next character that is no space.
    private var next: Character? { rest.first { $0 != " " } }

    private mutating func take(anyOf characters: String) -> Character? {
        guard let next, characters.contains(next) else { return nil }
        rest = rest.drop { $0 == " " }.dropFirst()
        return next
    }

    private mutating func sum() throws -> Int {
        var value = try product()
        while let symbol = take(anyOf: "+-") {
            let right = try product()
            value = try checked(
                symbol == "+" ? value.addingReportingOverflow(right) : value.subtractingReportingOverflow(right))
        }
        return value
    }

    private mutating func product() throws -> Int {
        var value = try factor()
        while let symbol = take(anyOf: "*/%") {
            let right = try factor()
            guard symbol == "*" || right != 0 else { throw error("division by zero") }
            switch symbol {
            case "*": value = try checked(value.multipliedReportingOverflow(by: right))
            case "/": value = try checked(value.dividedReportingOverflow(by: right))
            default: value = try checked(value.remainderReportingOverflow(dividingBy: right))
            }
        }
        return value
    }

    private mutating func factor() throws -> Int {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 64 else { throw error("expected at most 64 nested parentheses and signs") }
        if take(anyOf: "-") != nil { return try checked(0.subtractingReportingOverflow(factor())) }
        if take(anyOf: "+") != nil { return try factor() }
        if take(anyOf: "(") != nil {
            let value = try sum()
            guard take(anyOf: ")") != nil else { throw unexpected("')'") }
            return value
        }
        rest = rest.drop { $0 == " " }
        let word = rest.prefix(while: Self.isNameCharacter)
        guard !word.isEmpty else { throw unexpected("a number or a variable") }
        rest = rest.dropFirst(word.count)
        if let number = Int(word) { return number }
        guard Self.isName(word) else { throw error("expected a number or a variable, found '\(word)'") }
        return try variable(String(word))
    }

    private func checked(_ result: (partialValue: Int, overflow: Bool)) throws -> Int {
        guard !result.overflow else { throw error("the result is too large") }
        return result.partialValue
    }

    private func unexpected(_ expected: String) -> TesseraError {
        let found = rest.drop { $0 == " " }
        return error("expected \(expected), found \(found.isEmpty ? "the end" : "'\(found)'")")
    }

    private func error(_ message: String) -> TesseraError {
        TesseraError(.invalidArgument, "in '{\(text)}': \(message)")
    }
}
