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

    @Test func everyBindingOfTesseraIsDescribed() {
        let library = ScriptLibrary.tessera()
        let methods = library.types.flatMap { $0.methods + $0.properties }
        for binding in library.functions + methods {
            #expect(!binding.summary.isEmpty && binding.summary.hasSuffix("."), "\(binding.name)")
        }
        for binding in library.functions + library.types.flatMap(\.methods) {
            #expect(binding.signature.hasPrefix(binding.name), "\(binding.name)")
        }
        #expect(library.annotations.contains("---@type fun(options: {shape?: integer[]"))
        #expect(library.annotations.contains("---@field run fun(self: Network, inputs: "))
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
