import Tessera
import TesseraScript
import Testing

@Suite struct ReplTests {
    private func engine() throws -> ScriptEngine { try ScriptEngine(ScriptEngine.Options(), libraries: [.tessera()]) }

    @Test(
        "Names are completed",
        arguments: [
            ("tessera.ten", ["tessera.tensor"]), ("tessera.json.e", ["tessera.json.encode"]), ("tess", ["tessera"]),
            ("x:sh", ["x:shape"]), ("x.ty", ["x.type"]), ("x.sh", []), ("list.inner.de", ["list.inner.deep"]),
            ("none.x", []), ("x.type.y", []), ("string.fo", ["string.format"]),
        ])
    func completion(text: String, expected: [String]) throws {
        let engine = try engine()
        try engine.run("x = tessera.tensor{shape = {1}} list = {inner = {deep = 1}}")
        #expect(engine.completions(of: text) == expected)
    }

    @Test func longTablesTakeLines() throws {
        let table = ScriptTable(array: [1, 2], entries: ["name": "abcdefgh", "inner": ["a": 1, "b": 2]])
        #expect(table.text(width: 100) == #"{1, 2, inner = {a = 1, b = 2}, name = "abcdefgh"}"#)
        #expect(
            table.text(width: 30) == """
                {
                  1,
                  2,
                  inner = {a = 1, b = 2},
                  name = "abcdefgh",
                }
                """)
    }

    @Test func linesCountFromTheFirstOfTheSession() throws {
        let error = #expect(throws: TesseraError.self) { try engine().evaluate("x = 1\nx = = 2", line: 7) }
        #expect(error?.location == SourceLocation(file: "input", line: 8))
        let later = #expect(throws: TesseraError.self) { try engine().evaluate("none.such", line: 3) }
        #expect(later?.location == SourceLocation(file: "input", line: 3))
    }

    @Test func longValuesAreCutUnlessAllIsAskedFor() throws {
        let lines = Lines()
        var options = ScriptEngine.Options()
        options.print = lines.add
        let engine = try ScriptEngine(options)
        let all = (1...9).map(String.init).joined(separator: "\n") + "\n"
        try engine.run("text = '\(all.dropLast().replacing("\n", with: "\\n"))'")
        _ = try engine.evaluate("text", showing: 9)
        _ = try engine.evaluate("= text", showing: 3)
        #expect(lines.text == all + all)
        // 4 to 9, with the ends of six lines.
        _ = try engine.evaluate("text", showing: 3)
        #expect(lines.text == all + all + "1\n2\n3\n… 12 more characters: '=' before the entry shows all\n")
    }

    @Test func anEntryMayTakeLines() throws {
        let engine = try engine()
        #expect(try engine.evaluate("for i = 1, 2 do") == false)
        #expect(try engine.evaluate("for i = 1, 2 do\nx = i\nend"))
        #expect(try engine.run("return x") == [2])
    }
}
