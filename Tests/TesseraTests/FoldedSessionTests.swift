import Tessera
import TesseraTestSupport
import Testing

@Suite struct FoldedSessionTests {
    @Test("a network whose shapes depend on data is folded, too, before and after what they depend on")
    func staged() throws {
        let text = """
            tessera: 1
            inputs: {x: {shape: [1, 2, 4, 4]}}
            weights: {random: 3}
            layers:
              - conv: {name: conv1, channels: 2, kernel: 1}
              - batch_norm: {name: bn1}
              - reduce: {name: peak, function: max, keep_axes: false}
              - cast: {name: count, type: i64}
              - constant: {name: two, type: i64, values: [2]}
              - maximum: {name: size, from: [count, two]}
              - minimum: {name: limited, from: [size, two]}
              - constant: {name: ones, type: i64, shape: [4], values: [1, 1, 1, 1]}
              - multiply: {name: repeats, from: [limited, ones]}
              - tile: {name: tiled, from: [bn1, repeats]}
              - conv: {name: conv2, channels: 3, kernel: 3}
              - batch_norm: {name: bn2}
            outputs: [bn2]
            """
        let network = try NetworkLoader(operators: .builtin).load(text: text, file: "n.yaml")
        var generator = SeededGenerator(seed: 1)
        let x = try Tensor.random([1, 2, 4, 4], using: &generator)
        let sessions = try [true, false].map { try network.session(backend: OneDNNBackend(), fold: $0) }
        #expect(sessions.allSatisfy { $0.whole == nil })
        let outputs = try sessions.map { try #require($0.run(["x": x])["bn2"]) }
        #expect(outputs.map(\.shape) == [[2, 3, 6, 6], [2, 3, 6, 6]])
        let difference = try zip(outputs[0].floats(), outputs[1].floats()).map { abs($0 - $1) }.max()
        #expect(try #require(difference) <= 1e-5)
        // What bn1 makes has two readers, which is no matter.
        #expect(try network.folded().foldedLayers.map(\.merged) == [["bn1"], ["bn2"]])
        var check = try RangeCheck(network.folded(), backend: OneDNNBackend())
        try check.observe(["x": x])
        #expect(check.layers.map(\.name).contains("conv2") && check.layers.map(\.name).contains("conv1"))
    }
}
