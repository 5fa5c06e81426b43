import Foundation
import TesseraCore
import TesseraTestSupport
import Testing

@Suite struct ConfigurationTests {
    @Test(
        "JSON gives back every kind of value, numbers with their kind and every bit",
        arguments: [
            Configuration(.null), Configuration(.bool(true)), Configuration(.integer(0)), Configuration(.integer(-7)),
            Configuration(.integer(.max)), Configuration(.integer(.min)), Configuration(.string("1")),
            Configuration(.string("")), Configuration(.string("true")), Configuration(.string("é\u{1F600}\n\"\\")),
            Configuration(.number(0.1)), Configuration(.number(2)), Configuration(.number(-0.0)),
            Configuration(.number(1e300)),
            Configuration(.number(.leastNonzeroMagnitude)), Configuration(.number(.infinity)),
            Configuration(.number(-.infinity)),
            Configuration(.number(1e15)), Configuration(.list([])), Configuration(.map([])),
            .map([("a", 1.configuration), ("b", .map([("c", [true, false].configuration)]))]),
            Configuration(.list([Configuration(.null), Configuration(.number(3)), "x".configuration])),
        ])
    func jsonRoundTrip(value: Configuration) throws {
        let again = try JSONDecoder().decode(Configuration.self, from: JSONEncoder().encode(value))
        #expect(again == value)
        if case .number(let number) = value.content {
            guard case .number(let found) = again.content else { return }
            #expect(found.bitPattern == number.bitPattern)
        }
    }

    @Test("NaN survives JSON, which has no notation for it")
    func nan() throws {
        let data = try JSONEncoder().encode(Configuration(.list([Configuration(.number(.nan))])))
        let again = try JSONDecoder().decode(Configuration.self, from: data)
        #expect(try Double(configuration: again.elements()[0]).isNaN)
    }

    @Test("text that is no number where a number must be is malformed, not NaN")
    func malformedNumber() {
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode(Configuration.self, from: Data(#"{"$number": "seven"}"#.utf8))
        }
    }

    @Test("equality looks at content, not at places")
    func equality() {
        let here = Configuration(.integer(1), at: TesseraCore.SourceLocation(file: "a", line: 1, column: 1))
        #expect(here == 1.configuration)
        #expect(Configuration(.integer(1)) != Configuration(.number(1)))
        #expect(Configuration(.map([.init("a", here)])) != .map([("b", here)]))
        #expect(Configuration(.list([here])) != Configuration(.list([here, here])))
    }

    @Test("entries and elements of another kind are refused, with what is there instead")
    func wrongKind() {
        let value = Configuration(
            .list([1.configuration]), at: TesseraCore.SourceLocation(file: "f.yaml", line: 2, column: 3))
        expectError(.invalidArgument, "f.yaml:2:3", "a map of keys", "[1]") { try value.entries() }
        expectError(.invalidArgument, "a list", "'x'") { try "x".configuration.elements() }
        #expect(value["key"] == nil)
        #expect(Configuration.map([("key", 4.configuration)])["key"] == 4.configuration)
    }

    @Test("the description is flow style, cut short when long")
    func description() {
        let value = Configuration.map([
            ("a", [1, 2].configuration), ("b", Configuration(.null)), ("c", "x".configuration),
        ])
        #expect(value.flow == "{a: [1, 2], b: nothing, c: 'x'}")
        let long = Configuration(.list((0..<100).map { $0.configuration }))
        #expect(long.description.count == 60)
        #expect(long.description.hasSuffix("..."))
        #expect(long.flow.count > 300)
    }

    @Test("a lone value is a list of one, an integer is a number, a number is text, and null is nothing")
    func conversions() throws {
        #expect(try [Int](configuration: 3.configuration) == [3])
        #expect(try Double(configuration: 3.configuration) == 3)
        #expect(try Float(configuration: Configuration(.number(0.5))) == 0.5)
        #expect(try String(configuration: 12.configuration) == "12")
        #expect(try Int?(configuration: Configuration(.null)) == nil)
        #expect(try Int(configuration: Configuration(.integer(1 << 31))) == 1 << 31)
        #expect(throws: TesseraError.self) { try Int(configuration: Configuration(.integer((1 << 31) + 1))) }
        #expect(throws: TesseraError.self) { try Int(configuration: Configuration(.integer(.min))) }
    }
}
