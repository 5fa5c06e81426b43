import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

@Suite struct TemplateExpressionTests {
    private func evaluate(_ text: String) throws -> TemplateExpression.Value {
        try TemplateExpression.evaluate(text) { name in
            switch name {
            case "n": .integer(7)
            case "wide": .boolean(true)
            case "kind": .text("max")
            case "gone": throw TesseraError(.notFound, "no \(name)")
            default: .integer(100)
            }
        }
    }

    @Test(
        arguments: [
            ("1", 1), (" 1 + 2*3 ", 7), ("(1+2)*3", 9), ("10-2-3", 5), ("20/3/2", 3), ("7%4*2", 6), ("-n+1", -6),
            ("--3", 3), ("2*-3", -6), ("n*(m-n)/10", 65), ("-7/2", -3), ("+n", 7), ("wide ? 2 : 1", 2),
            ("n < 7 ? 1 : n == 7 ? 2 : 3", 2), ("2 * (not wide ? 2 : 3) + 1", 7), ("wide ? 1 : 1 / 0", 1),
            ("n == 7 ? 3 : gone / 0", 3),
        ])
    func integers(text: String, value: Int) throws { #expect(try evaluate(text) == .integer(value)) }

    @Test(
        arguments: [
            ("n == 7", true), ("n != 7", false), ("n<8", true), ("n <= 6", false), ("n > 6", true), ("n >= 8", false),
            ("n + 1 == 4 * 2", true), ("wide", true), ("not wide", false), ("not n == 7", false),
            ("not not wide", true),
            ("true or false and false", true), ("(true or false) and false", false), ("n == 7 and wide", true),
            ("kind == 'max'", true), ("kind != 'max'", false), ("kind == 'a b'", false), ("wide == true", true),
            // What is ruled out is not computed.
            ("n == 0 and 1 / 0 == 1", false), ("wide or gone == 1", true), ("false and 'a' + 1 == 2", false),
        ])
    func conditions(text: String, value: Bool) throws { #expect(try evaluate(text) == .boolean(value)) }

    @Test func aTextIsAValue() throws { #expect(try evaluate("wide ? 'same' : kind") == .text("same")) }

    @Test(
        arguments: [
            ("", "found the end"), ("1 2", "expected an operator or the end, found '2'"), ("1+", "found the end"),
            ("(1", "expected ')', found the end"), ("1/0", "division by zero"), ("1%(n-7)", "division by zero"),
            ("9223372036854775807+1", "too large"), ("9223372036854775807*2", "too large"),
            ("-9223372036854775807-2", "too large"), ("(-9223372036854775807-1)/-1", "too large"),
            ("99999999999999999999", "found '99999999999999999999'"), ("1.5", "expected an operator"), ("3n", "'3n'"),
            (String(repeating: "(", count: 100_000), "at most 64"),
            (String(repeating: "-", count: 100_000), "at most 64"),
            (String(repeating: "not ", count: 100_000), "at most 64"),
            (String(repeating: "wide ? ", count: 100_000), "at most 64"),
            ("a b", "expected an operator"), ("𝟛", "𝟛"), ("²", "²"),
            ("n ? 1 : 2", "'?' expects true or false, found 7"),
            ("wide ? 1", "expected ':', found the end"), ("not n", "'not' expects true or false, found 7"),
            ("n and wide", "'and' expects true or false, found 7"), ("wide + 1", "'+' expects integers, found true"),
            ("kind < 3", "'<' expects integers, found 'max'"), ("kind == 3", "values of one kind, found 'max' and 3"),
            ("'abc", "a text that ends with '"), ("and", "found 'and'"), ("n = 7", "expected an operator or the end"),
            ("wide or", "found the end"), ("wide or )", "found ')'"),
        ])
    func refused(text: String, message: String) { expectError(.invalidArgument, message) { try evaluate(text) } }
}
