import TesseraTestSupport
import Testing

@testable import TesseraCore

@Suite struct ConfigurableTests {
    @Test("every kind of key is read, and what is left out stays at its default")
    func reading() throws {
        let value = try Window(
            configuration: .map([
                ("size", 3.configuration), ("names", ["a", "b"].configuration), ("mode", "edge".configuration),
                ("scale", 2.configuration), ("limit", Configuration(.null)),
            ]))
        #expect(value == Window(size: 3, names: ["a", "b"], mode: .edge, scale: 2, limit: nil, isOn: false))
        #expect(try Window(configuration: .map([("size", 1.configuration)])) == Window(size: 1))
    }

    @Test("an unknown key names the nearest one, at the key's own place")
    func unknownKey() {
        let entry = Configuration.Entry("scael", 2.configuration, keyLocation: place(4, 7))
        let configuration = Configuration(.map([.init("size", 1.configuration), entry]), at: place(3, 1))
        expectError(.invalidArgument, "net.yaml:4:7", "unknown key 'scael', did you mean 'scale'?") {
            try Window(configuration: configuration)
        }
        expectError(.invalidArgument, "there are: is_on, limit, mode, names, scale, size") {
            try Window(configuration: .map([("something_else", 2.configuration)]))
        }
    }

    @Test("a missing key is named with what it is, at the place of the map")
    func missingKey() {
        expectError(.invalidArgument, "net.yaml:9:2", "missing key 'size' (its size)") {
            try Window(configuration: Configuration(.map([]), at: place(9, 2)))
        }
        expectError(.invalidArgument, "missing key 'size'") { try Window(configuration: Configuration(.null)) }
    }

    @Test("a key given twice is refused, not read twice")
    func doubledKey() {
        let again = Configuration.Entry("size", 2.configuration, keyLocation: place(6, 3))
        expectError(.invalidArgument, "net.yaml:6:3", "'size'", "twice") {
            try Window(configuration: Configuration(.map([.init("size", 1.configuration), again])))
        }
    }

    @Test(
        "a value of the wrong type names the key, what is expected and what is there",
        arguments: [
            ("size", Configuration(.string("three")), "an integer"),
            ("size", Configuration(.number(1.5)), "an integer"),
            ("size", Configuration(.integer(1 << 40)), "2^31"), ("size", Configuration(.list([])), "an integer"),
            ("scale", Configuration(.bool(true)), "a number"), ("is_on", Configuration(.integer(1)), "true or false"),
            ("names", Configuration(.map([])), "a string"),
            ("mode", Configuration(.string("ege")), "one of zero, edge"),
            ("mode", Configuration(.integer(0)), "one of zero, edge"),
        ])
    func wrongType(key: String, value: Configuration, expected: String) {
        let located = Configuration(value.content, at: place(2, 5))
        expectError(.invalidArgument, "net.yaml:2:5: \(key)", expected) {
            try Window(
                configuration: Configuration(
                    .map([.init("size", 1.configuration), .init(key, located)].suffix(key == "size" ? 1 : 2))))
        }
    }

    @Test("a lone value stands for the shorthand key, where there is one")
    func shorthand() throws {
        #expect(try Window(configuration: Configuration(.integer(5))) == Window(size: 5))
        expectError(.invalidArgument, "a map of keys", "found 5") {
            try Plain(configuration: Configuration(.integer(5)))
        }
        #expect(try Plain(configuration: Configuration(.null)).depth == 1)
    }

    @Test("what the keys contradict is refused at the place of the map")
    func validation() {
        let configuration = Configuration(.map([.init("size", (-1).configuration)]), at: place(7, 1))
        expectError(.invalidArgument, "net.yaml:7:1", "positive") { try Window(configuration: configuration) }
    }

    @Test("defaults are left out on writing, required keys are not, and reading gives the value back")
    func writing() throws {
        #expect(Window(size: 1).configuration == .map([("size", 1.configuration)]))
        #expect(Plain().configuration == .empty)
        let value = Window(size: 2, names: [], mode: .edge, scale: -.infinity, limit: 4, isOn: true)
        #expect(try Window(configuration: value.configuration) == value)
        let written = value.configuration
        #expect(try written.entries().map(\.key) == ["size", "names", "mode", "scale", "limit", "is_on"])
        #expect(try Window(configuration: Window(size: 3, limit: nil).configuration).limit == nil)
    }

    private func place(_ line: Int, _ column: Int) -> TesseraCore.SourceLocation {
        .init(file: "net.yaml", line: line, column: column)
    }
}

private struct Window: Configurable, Equatable {
    enum Mode: String, ConfigurationChoice { case zero, edge }

    var size = 1
    var names: [String] = ["x"]
    var mode = Mode.zero
    var scale = 1.0
    var limit: Int? = 10
    var isOn = false

    init() {}

    init(
        size: Int, names: [String] = ["x"], mode: Mode = .zero, scale: Double = 1, limit: Int? = 10, isOn: Bool = false
    ) {
        (self.size, self.names, self.mode) = (size, names, mode)
        (self.scale, self.limit, self.isOn) = (scale, limit, isOn)
    }

    static let shorthandKey: String? = "size"
    static let keys: [Key<Window>] = [
        Key(required: "size", \.size, "its size"), Key("names", \.names, "its names"), Key("mode", \.mode, "its mode"),
        Key("scale", \.scale, "its scale"), Key("limit", \.limit, "its limit"),
        Key("is_on", \.isOn, "whether it is on"),
    ]

    func validate() throws {
        guard size > 0 else { throw TesseraError(.invalidArgument, "expected a positive size, found \(size)") }
    }
}

private struct Plain: Configurable {
    var depth = 1
    static let keys: [Key<Plain>] = [Key("depth", \.depth, "its depth")]
}
