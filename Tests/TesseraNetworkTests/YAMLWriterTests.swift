import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

@Suite struct YAMLWriterTests {
    private func read(_ text: String) throws -> Configuration { try YAMLReader.parse(text, file: "f.yaml") }

    /// Texts that mean something else without quotes, or are hard to write.
    static let hardTexts = [
        "", " ", "a", "a b", " a", "a ", "1", "0x1F", "1e5", "-3", ".5", ".inf", "true", "null", "~", "Null", "- a",
        "a: b",
        "a #b", "#", "a,b", "[", "]", "{}", "'", "\"", "\\", "a\nb", "\t", "\r\n", "\u{0}", "\u{7F}", "é", "漢字", "😀",
        "\u{2028}",
        "\u{FEFF}", "!x", "&a", "*a", "%", "@", "`", "|", ">", "?", ":", "a:", ":a", "---", "...", "=", "<<", "/x",
        "x/y.z-0+1",
    ]

    @Test("any text is read as the same text", arguments: hardTexts)
    func texts(text: String) throws {
        #expect(try read("- " + YAMLWriter.flow(text.configuration)) == [text].configuration)
        let map = Configuration.map([(text, text.configuration)])
        #expect(try read(YAMLWriter.flow(map)) == map)
        #expect(
            try read(YAMLWriter.lines(text, ["x"].configuration).joined(separator: "\n"))
                == .map([(text, ["x"].configuration)]))
    }

    @Test(
        "numbers keep their value and kind",
        arguments: [0.0, -0.0, 1, -1.5, 0.1, 1e-5, 1e300, .infinity, -.infinity, .leastNonzeroMagnitude, 1 / 3])
    func numbers(value: Double) throws {
        let configuration = Configuration(.number(value))
        #expect(try read(YAMLWriter.flow(configuration)) == configuration)
    }

    @Test func notANumberIsWritten() throws {
        guard case .number(let value) = try read(YAMLWriter.flow(Double.nan.configuration)).content else {
            Issue.record("expected a number")
            return
        }
        #expect(value.isNaN)
    }

    @Test("what is short stands on one line, what is long is broken up, and both are read as the same")
    func layout() throws {
        let sizes = Array(1...60).configuration
        let long = String(repeating: "long", count: 20).configuration
        let value = Configuration.map([
            ("short", .map([("a", 1.configuration), ("b", ["c", "d"].configuration)])),
            ("nothing", Configuration(.null)), ("empty", Configuration(.list([]))), ("none", .empty),
            ("sizes", sizes), ("map", .map([("a", long), ("b", long), ("nothing", Configuration(.null))])),
            (
                "list",
                Configuration(
                    .list([
                        .map([("conv", .map([("name", long), ("sizes", sizes)]))]), "relu".configuration,
                        .map([("repeat", .map([("count", 3.configuration)])), ("layers", [long, long].configuration)]),
                        Configuration(.list([long, Configuration(.null)])),
                    ]))
            ),
        ])
        let lines = try value.entries().flatMap { YAMLWriter.lines($0.key, $0.value) }
        #expect(lines[0] == "short: {a: 1, b: [c, d]}")
        #expect(lines[1...3] == ["nothing:", "empty: []", "none: {}"])
        #expect(lines[4].hasPrefix("sizes: [1, 2, 3,") && lines[5].hasPrefix("  "))
        #expect(lines.contains("  - conv:") && lines.contains("  - relu"))
        #expect(lines.allSatisfy { $0.count <= YAMLWriter.lineLength + 60 })
        #expect(try read(lines.joined(separator: "\n")) == value)
    }
}
