import Tessera
import Testing

@Suite struct SessionCacheTests {
    @Test("a session is made once for each key, and the one not used for longest makes room")
    func leastRecentlyUsed() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([1])))
        try graph.addOutput("y", graph.addNode("relu", Relu(), inputs: [x]))
        let bound = try BoundGraph(graph, inputs: [:]) { _, _ in nil }
        var cache = SessionCache<Int>(capacity: 2)
        var made: [Int] = []
        for key in [1, 2, 1, 3, 1, 2] {
            _ = try cache.session(for: key) {
                made.append(key)
                return try StagedSession(bound, backend: ReferenceBackend())
            }
        }
        // 3 takes the place of 2, which was used before 1; 2 that of 3.
        #expect(made == [1, 2, 3, 2] && cache.count == 2)
    }
}
