import TesseraScript
import Testing

@Suite struct ScriptReferenceTests {
    private var library: ScriptLibrary {
        ScriptLibrary(
            "test", "For tests.",
            functions: [
                Binding("counter", "counter(name: string, bytes?: integer) -> Counter", "Makes a counter.") { _ in [] },
                Binding("tensor", "tensor{shape: integer[], fill?: number} -> Tensor", "Makes a tensor.") { _ in [] },
                Binding("register.metric", "register.metric(name: string)", "Adds a metric.") { _ in [] },
            ], types: [Counter.scriptType])
    }

    @Test func theReferenceListsEverything() {
        let reference = library.reference
        for line in [
            "`test.counter(name: string, bytes?: integer) -> Counter`\n: Makes a counter.", "## Counter",
            "`counter:greet(word: string) -> string`\n: Greets.", "`counter.name: string`\n: Its name.",
            "`counter:close()`",
        ] {
            #expect(reference.contains(line))
        }
    }

    @Test func editorsGetTypes() {
        let annotations = library.annotations
        for line in [
            "---@class Counter", "---@field name string Its name.",
            "---@field greet fun(self: Counter, word: string): string Greets.",
            "---@type fun(name: string, bytes?: integer): Counter\ntest.counter = nil",
            "---@type fun(options: {shape: integer[], fill?: number}): Tensor\ntest.tensor = nil",
            "test.register = {}", "---@type fun(name: string)\ntest.register.metric = nil",
        ] {
            #expect(annotations.contains(line))
        }
    }
}
