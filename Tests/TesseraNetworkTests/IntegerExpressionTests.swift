import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

@Suite struct IntegerExpressionTests {
    private func evaluate(_ text: String) throws -> Int {
        try IntegerExpression.evaluate(text) { $0 == "n" ? 7 : 100 }
    }

    @Test(
        arguments: [
            ("1", 1), (" 1 + 2*3 ", 7), ("(1+2)*3", 9), ("10-2-3", 5), ("20/3/2", 3), ("7%4*2", 6), ("-n+1", -6),
            ("--3", 3), ("2*-3", -6), ("n*(m-n)/10", 65), ("-7/2", -3), ("+n", 7),
        ])
    func value(text: String, value: Int) throws { #expect(try evaluate(text) == value) }

    @Test(
        arguments: [
            ("", "found the end"), ("1 2", "expected an operator or the end, found '2'"), ("1+", "found the end"),
            ("(1", "expected ')', found the end"), ("1/0", "division by zero"), ("1%(n-7)", "division by zero"),
            ("9223372036854775807+1", "too large"), ("9223372036854775807*2", "too large"),
            ("-9223372036854775807-2", "too large"), ("(-9223372036854775807-1)/-1", "too large"),
            ("99999999999999999999", "found '99999999999999999999'"), ("1.5", "expected an operator"), ("3n", "'3n'"),
            (String(repeating: "(", count: 100_000), "at most 64"),
            (String(repeating: "-", count: 100_000), "at most 64"),
            ("a b", "expected an operator"), ("𝟛", "𝟛"), ("²", "²"),
        ])
    func refused(text: String, message: String) { expectError(.invalidArgument, message) { try evaluate(text) } }
}
