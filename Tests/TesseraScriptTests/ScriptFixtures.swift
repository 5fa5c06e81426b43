import Synchronization
import TesseraCore
import TesseraScript

/// Runs `source` with the fixtures' library and gives the values it returns.
@discardableResult
func run(_ source: String, _ options: ScriptEngine.Options = .init(), _ functions: [Binding] = []) throws
    -> [ScriptValue]
{
    try engine(options, functions).run(source, name: "test.lua")
}

func engine(_ options: ScriptEngine.Options = .init(), _ functions: [Binding] = []) throws -> ScriptEngine {
    try ScriptEngine(options, libraries: [ScriptLibrary("test", "For tests.", functions: fixtures + functions)])
}

/// The error that running `source` gives; fails if there is none.
func failure(_ source: String, _ options: ScriptEngine.Options = .init(), _ functions: [Binding] = []) -> TesseraError?
{
    do {
        try run(source, options, functions)
        return nil
    } catch {
        return error as? TesseraError
    }
}

func limits(seconds: Double? = nil, instructions: Int? = nil, memory: Int? = nil) -> ScriptEngine.Options {
    var options = ScriptEngine.Options()
    options.timeout = seconds
    options.instructionLimit = instructions
    options.memoryLimit = memory
    return options
}

/// Counts its living instances, by name, so that tests do not disturb each other.
final class Counter: ScriptObject {
    private static let counts = Mutex<[String: Int]>([:])
    static func living(_ name: String) -> Int { counts.withLock { $0[name, default: 0] } }

    let name: String
    let byteCount: Int
    var function: ScriptFunction?

    init(_ name: String, byteCount: Int = 0) {
        self.name = name
        self.byteCount = byteCount
        Counter.counts.withLock { $0[name, default: 0] += 1 }
    }

    deinit { Counter.counts.withLock { $0[name, default: 0] -= 1 } }

    var scriptDescription: String { "counter \(name)" }
    var scriptByteCount: Int { byteCount }
    func isEqual(to other: any ScriptObject) -> Bool { (other as? Counter)?.name == name }

    static var scriptType: ScriptType {
        ScriptType(
            "Counter", "Counts its living instances.",
            methods: [
                Binding(of: Counter.self, "greet", "greet(word: string) -> string", "Greets.") { counter, call in
                    try call.expectArguments(atMost: 1)
                    return [.string("\(try call.string(1, "word")) \(counter.name)")]
                },
                Binding(of: Counter.self, "keep", "keep(f: function)", "Keeps a function.") { counter, call in
                    counter.function = try call.function(1, "f")
                    return []
                },
            ],
            properties: [
                Binding(of: Counter.self, property: "name", "string", "Its name.") { .string($0.name) }
            ],
            operators: [
                Binding(of: Counter.self, "__len", "#counter", "The length of its name.") { counter, _ in
                    [.integer(counter.name.count)]
                }
            ],
            isClosable: true)
    }
}

/// A second class, to be mistaken for the first.
final class Image: ScriptObject {
    var scriptDescription: String { "image" }
    static var scriptType: ScriptType { ScriptType("Image", "A picture.") }
}

let boom = TesseraError(.shapeMismatch, "expected 1x3, found 3x1", path: "conv0")

private var fixtures: [Binding] {
    [
        Binding("echo", "echo(...) -> ...", "Gives its arguments back.") { $0.arguments },
        Binding("fail", "fail()", "Throws.") { _ in throw boom },
        Binding("call", "call(f, ...) -> ...", "Calls a function.") { call in
            try call.function(1, "f").call(Array(call.arguments.dropFirst()))
        },
        Binding("counter", "counter(name, bytes) -> Counter", "Makes a counter.") { call in
            [.object(Counter(try call.string(1, "name"), byteCount: call[2].isNil ? 0 : try call.integer(2, "bytes")))]
        },
        Binding("image", "image() -> Image", "Makes an image.") { _ in [.object(Image())] },
        Binding("name_of", "name_of(counter) -> string", "Its name.") { call in
            [.string(try call.object(Counter.self, 1, "counter").name)]
        },
        Binding("deep.er.echo", "deep.er.echo(...) -> ...", "Gives its arguments back.") { $0.arguments },
    ]
}
