import Synchronization
import TesseraCore
import TesseraOperators
import TesseraRuntime
import TesseraTestSupport
import Testing

@Suite struct StagedSessionTests {
    @Test("a network whose shapes are known is compiled once, beforehand")
    func known() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape([.symbol("n")]))
        try graph.addOutput("y", graph.addNode("y", Relu(), inputs: [x]))
        let bound = try BoundGraph(graph, inputs: ["x": [2]]) { _, _ in nil }
        let session = try StagedSession(bound, backend: ReferenceBackend())
        #expect(session.whole != nil)
        #expect(try session.run(["x": Tensor([-1, 1], shape: [2])])["y"]?.floats() == [0, 1])
    }

    @Test("a shape that depends on data is found in the middle of the run, and no layer runs twice")
    func dataDependent() throws {
        let count = Counter()
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape([4] as Shape))
        let seen = try graph.addNode("seen", Watched(counter: count), inputs: [x])
        let positive = try graph.addNode("positive", Positive(), inputs: [seen])
        let twice = try graph.addNode("twice", Add(), inputs: [positive, positive])
        let again = try graph.addNode("again", Positive(), inputs: [twice])
        try graph.addOutput("first", seen)
        try graph.addOutput("twice", twice)
        try graph.addOutput("again", again)
        let session = StagedSession(graph, parameter: { _, _ in nil }, backend: ReferenceBackend())
        #expect(session.whole == nil)
        let outputs = try session.run(["x": Tensor([1, -2, 3, -4], shape: [4])])
        #expect(
            try outputs.mapValues { try $0.floats() } == ["first": [1, -2, 3, -4], "twice": [2, 6], "again": [2, 6]])
        #expect(count.value.withLock { $0 } == 1)
    }
}

private final class Counter: Sendable {
    let value = Mutex(0)
}

/// The input, counted.
private struct Watched: Operator {
    static let name = "watched"
    static let summary = "The input"
    static let keys: [Key<Watched>] = []
    var counter = Counter()

    func outputShapes(for inputs: [Shape]) throws -> [Shape] { inputs }
    func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        counter.value.withLock { $0 += 1 }
        return inputs
    }
}

/// The positive elements: how many there are depends on the data.
private struct Positive: Operator {
    static let name = "positive"
    static let summary = "The positive elements"
    static let keys: [Key<Positive>] = []
    var count: Int?

    func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var op = self
        guard let value = inputs[0].value else { throw UnknownValue(input: 0) }
        op.count = value.reals().count { $0 > 0 }
        return .layer(op, inputs: [0], parameters: [:])
    }
    func outputShapes(for inputs: [Shape]) throws -> [Shape] { [[count ?? 0]] }
    func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let values = try inputs[0].floats().filter { $0 > 0 }
        return [try Tensor(values, shape: [values.count])]
    }
}
