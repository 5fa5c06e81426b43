import Foundation
import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

@Suite struct YAMLReaderTests {
    private func parse(_ text: String) throws -> Configuration { try YAMLReader.parse(text, file: "f.yaml") }

    @Test(
        "plain scalars are typed by the core schema",
        arguments: [
            ("~", Configuration.Content.null), ("null", .null), ("true", .bool(true)), ("False", .bool(false)),
            ("yes", .string("yes")), ("12", .integer(12)), ("-7", .integer(-7)), ("+3", .integer(3)),
            ("0x1F", .integer(31)), ("0o17", .integer(15)), ("017", .integer(17)), ("1.5", .number(1.5)),
            ("1e3", .number(1000)), (".5", .number(0.5)), ("1.", .number(1)), (".inf", .number(.infinity)),
            ("-.inf", .number(-.infinity)), ("1/255", .string("1/255")), ("'12'", .string("12")),
            ("\"true\"", .string("true")), ("0x-1", .string("0x-1")), ("0x1p3", .string("0x1p3")), (".", .string(".")),
            ("1e", .string("1e")), ("nan", .string("nan")), ("inf", .string("inf")), ("!!str 12", .string("12")),
            ("!!float 12", .number(12)), ("99999999999999999999", .number(1e20)),
        ])
    func scalar(text: String, content: Configuration.Content) throws {
        #expect(try parse(text) == Configuration(content))
    }

    @Test func notANumberIsANumber() throws {
        guard case .number(let value) = try parse(".nan").content else { return #expect(Bool(false)) }
        #expect(value.isNaN)
    }

    @Test func everyValueAndKeyKnowsItsPlace() throws {
        let document = try parse("a: 1\nbé: {x: [10, zwölf],\n  y: 'z'}\n")
        #expect(document.location == SourceLocation(file: "f.yaml", line: 1, column: 1))
        let b = try document.entries()[1]
        #expect(b.keyLocation == SourceLocation(file: "f.yaml", line: 2, column: 1))
        #expect(b.value.location == SourceLocation(file: "f.yaml", line: 2, column: 5))
        #expect(try b.value["x"]?.elements()[1].location == SourceLocation(file: "f.yaml", line: 2, column: 14))
        #expect(b.value["y"]?.location == SourceLocation(file: "f.yaml", line: 3, column: 6))
    }

    @Test func anAliasStandsForItsAnchor() throws {
        let document = try parse("base: &b {x: [1, 2]}\nagain: *b\n")
        #expect(document["again"] == document["base"])
        #expect(document["again"]?["x"] != nil)
    }

    @Test(arguments: ["", "# nothing\n", "---\n"])
    func anEmptyDocumentIsNull(text: String) throws {
        #expect(try parse(text).isNull)
    }

    @Test(
        "broken YAML is one error at its place",
        arguments: [
            ("a: 1\na: 2\n", "f.yaml:2:1: the key 'a' is here twice, first at line 1"),
            ("a: 1\n---\nb: 2\n", "f.yaml:2:1: expected one document"),
            ("a: [1, 2\nb: 3\n", "f.yaml:2:"),
            ("a:\n  - 1\n - 2\n", "f.yaml:3:2: did not find expected"),
            ("a: \"open\n", "f.yaml:2:1: found unexpected end of stream"),
            ("a:\tb: c\n", "f.yaml:1:"),
            ("x: *nobody\n", "f.yaml:1:4: unknown alias 'nobody'"),
            ("x: &x [1, *x]\n", "f.yaml:1:11: 'x' contains itself"),
            ("{[1]: 2}\n", "f.yaml:1:2: expected a key that is a word"),
            ("a: !thing 3\n", "f.yaml:1:4: '3' does not fit the tag '!thing'"),
            ("a: !!int x\n", "f.yaml:1:4: 'x' does not fit the tag"),
            ("ok: 1\nbad: \u{1}\n", "f.yaml:2:6: control characters are not allowed"),
        ])
    func malformed(text: String, message: String) {
        expectError(.malformedFile, message) { try parse(text) }
    }

    @Test func bytesThatAreNoTextAreAnErrorAtTheirPlace() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([0x61, 0x3A, 0x20, 0x31, 0x0A, 0x62, 0xFF, 0xFE], to: "bad.yaml")
        expectError(.malformedFile, "bad.yaml:2:2: invalid leading UTF-8 octet") { try YAMLReader.read(path) }
    }

    @Test func aliasesThatExpandToBillionsAreRefused() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            text +=
                "a\(level): &a\(level) [" + [String](repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        expectError(.limitExceeded, "f.yaml:6:", "counting what aliases stand for") { try parse(text) }
    }

    @Test(arguments: ["[", "{a: ", "- "])
    func nestingIsBounded(opening: String) {
        expectError(.limitExceeded, "nested at most 64 deep") {
            try parse(String(repeating: opening, count: 100_000) + "1")
        }
    }

    @Test func aliasesDoNotNestDeeperThanTheLimit() {
        var text = "a0: &a0 [x]\n"
        for level in 1...80 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        expectError(.limitExceeded, "nested at most 64 deep") { try parse(text) }
    }

    @Test func hugeFilesAreRefused() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([UInt8](repeating: 0x20, count: YAMLReader.sizeLimit + 1), to: "huge.yaml")
        expectError(.limitExceeded, "huge.yaml") { try YAMLReader.read(path) }
    }

    @Test func whatIsNoFileIsOneError() throws {
        let folder = try TemporaryFolder()
        expectError(.inputOutput, "No such file") { try YAMLReader.read(folder.file("none.yaml")) }
        expectError(.inputOutput, "is a directory") { try YAMLReader.read(folder.path) }
        expectError(.inputOutput, "no regular file") { try YAMLReader.read("/dev/zero") }
    }

    @Test func randomDamageNeverTraps() throws {
        let text = Array("a: &x {b: [1, 2.5, 'q'], c: \"\\u00e9\"}\nd: *x\ne:\n  - !!str 1\n  - |\n    text\n".utf8)
        var generator = SystemRandomNumberGenerator()
        let folder = try TemporaryFolder()
        for _ in 0..<300 {
            var damaged = text
            for _ in 0..<3 {
                damaged[Int.random(in: damaged.indices, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            let path = try folder.write(damaged, to: "damaged.yaml")
            do { _ = try YAMLReader.read(path) } catch is TesseraError {}
        }
    }
}
