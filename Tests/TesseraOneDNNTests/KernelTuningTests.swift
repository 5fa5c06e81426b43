import Tessera
import TesseraTestSupport
import Testing

@testable import TesseraOneDNN

@Suite struct KernelTuningTests {
    /// Convolutions of several kinds, one depthwise, with a residual in between.
    private func network() throws -> BoundGraph {
        try NetworkLoader(operators: .builtin).load(
            text: """
                tessera: 1
                inputs: {image: {shape: [1, 3, 40, 36]}}
                weights: {random: 3}
                layers:
                  - conv: {name: first, channels: 32, kernel: 3, padding: same}
                  - relu6: {name: active}
                  - conv: {name: wide, channels: 64, kernel: 1}
                  - conv: {name: depthwise, channels: 64, kernel: 3, padding: same, groups: 64}
                  - conv: {name: narrow, channels: 32, kernel: 1}
                  - add: {name: sum, from: [narrow, active]}
                  - conv: {name: last, channels: 17, kernel: 3, stride: 2}
                outputs: [last]
                """, file: "n.yaml"
        ).bound()
    }

    @Test("tuned kernels exist, are taken, and keep tiles equal to the whole to the bit")
    func tilesAreExact() throws {
        let graph = try network()
        let backend = OneDNNBackend()
        var options = CompileOptions(threads: 2)
        options.kernels = try backend.tune(graph, options: options)
        #expect(Set(options.kernels.keys) == ["first", "wide", "depthwise", "narrow", "last"])
        let session = try Session(graph, backend: backend, options: options)
        for kernel in session.kernels {
            #expect(options.kernels[kernel.layer]?.implementation == kernel.implementation, "\(kernel.layer)")
        }
        var generator = SeededGenerator(seed: 9)
        let inputs = try graph.randomInputs(using: &generator)
        let whole = try session.run(inputs)
        for strategy in ["vertical", "fused-grid"] {
            let plan = try PartitionChoice(strategy: strategy).plan(
                graph, nodes: 4, strategies: Modules.builtin.strategies)
            #expect((try plan.run(inputs, backend: backend, options: options) == whole) as Bool, "\(strategy)")
        }
        let reference = try Session(graph, backend: ReferenceBackend()).run(inputs)
        for (name, expected) in reference { #expect(try relativeDifference(whole[name], expected) < 1e-5) }
    }

    @Test("every kernel that may be chosen in f32 gives the same for a part as for the whole")
    func candidatesAreExact() throws {
        let graph = try network()
        var generator = SeededGenerator(seed: 10)
        let inputs = try graph.randomInputs(using: &generator)
        let orders: [MapOrder] = [.nchw, .nhwc, .nChw8c, .nChw16c]
        var count = 0
        for (node, parameters) in zip(graph.graph.nodes, graph.parameters) {
            guard let op = node.op as? Conv, let weight = parameters["weight"] else { continue }
            let convolution = try Convolution(
                window: op.window(over: graph.shapes[node.inputs[0]]),
                source: graph.shapes[node.inputs[0]].dimensions, target: graph.shapes[node.outputs[0]].dimensions,
                hasBias: true)
            for source in orders {
                for target in orders {
                    let pair = Convolution.Orders(source: source, target: target)
                    for candidate in try convolution.candidates(weight, groups: op.groups, pair) {
                        let choice = KernelChoice(
                            implementation: candidate.descriptor.implementation, source: source.rawValue,
                            target: target.rawValue)
                        let options = CompileOptions(threads: 1, kernels: [node.name: choice])
                        let whole = try Session(graph, backend: OneDNNBackend(), options: options).run(inputs)
                        let plan = try PartitionChoice(strategy: "vertical").plan(
                            graph, nodes: 3, strategies: Modules.builtin.strategies)
                        let parts = try plan.run(inputs, backend: OneDNNBackend(), options: options)
                        #expect((parts == whole) as Bool, "\(node.name) \(choice)")
                        count += 1
                    }
                }
            }
        }
        #expect(count >= 5)
    }
}
