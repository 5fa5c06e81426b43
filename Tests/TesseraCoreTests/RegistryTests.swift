import TesseraCore
import TesseraTestSupport
import Testing

@Suite struct RegistryTests {
    private let registry: Registry<Int> = Registry(
        kind: "shape of bread", [bread("loaf", 1), bread("roll", 2), bread("baguette", 3)])

    @Test("modules are listed by name and made by name")
    func lookup() throws {
        #expect(registry.names == ["baguette", "loaf", "roll"])
        #expect(registry.modules.map(\.name) == registry.names)
        #expect(try registry.make("roll") == 2)
        #expect(try registry.module("loaf").source == "built in")
    }

    @Test("an unknown name is refused with the nearest one, or all of them, at its place")
    func unknown() {
        expectError(.notFound, "unknown shape of bread 'lof', did you mean 'loaf'?") { try registry.make("lof") }
        expectError(.notFound, "there are: baguette, loaf, roll") { try registry.module("croissant") }
        let configuration = Configuration(.map([]), at: TesseraCore.SourceLocation(file: "b.yaml", line: 1, column: 2))
        expectError(.notFound, "b.yaml:1:2") { try registry.make("rol", configuration) }
    }

    @Test("a name is registered once")
    func duplicate() throws {
        var mine = registry
        expectError(.invalidArgument, "a shape of bread named 'loaf' is registered already") {
            try mine.register(bread("loaf", 9))
        }
        #expect(try mine.make("loaf") == 1)
    }

    @Test("registering into a copy leaves the original alone")
    func valueSemantics() throws {
        var mine = registry
        try mine.register(bread("pretzel", 4))
        #expect(try mine.make("pretzel") == 4)
        #expect(throws: TesseraError.self) { try registry.make("pretzel") }
        #expect(registry.names.count == 3)
    }

    @Test("a module of a configurable type lists its keys, and reads them")
    func configurableModule() throws {
        let module = Module<Int>(Size.self, name: "size", summary: "a size") { $0.size * 10 }
        #expect(module.keys.map(\.name) == ["size"])
        #expect(module.keys[0].type == "integer")
        #expect(!module.keys[0].isRequired)
        #expect(try module.make(.map([("size", 4.configuration)])) == 40)
        #expect(try module.make() == 10)
        expectError(.invalidArgument, "unknown key 'sise', did you mean 'size'?") {
            try module.make(.map([("sise", 4.configuration)]))
        }
    }
}

private func bread(_ name: String, _ value: Int) -> Module<Int> {
    Module(name: name, summary: "number \(value)") { _ in value }
}

private struct Size: Configurable {
    var size = 1
    static let keys: [Key<Size>] = [Key("size", \.size, "its size")]
}
