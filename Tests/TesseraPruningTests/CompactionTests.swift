import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// Compacted networks as files, and statistics measured anew.
@Suite struct CompactionTests {
    @Test("a compacted network is written with its names, open sizes and declarations, and reads back the same")
    func written() throws {
        let network = try toyNetwork()
        let dependencies = try ChannelDependencies.of(network)
        let mask = PruningMask(removing: Set(dependencies.groups[0].channels.prefix(4).map(\.id)))
        let small = try network.compacted(mask, dependencies)
        let folder = try TemporaryFolder()
        try small.write(to: folder.file("small.yaml"))
        let text = try String(contentsOfFile: folder.file("small.yaml"), encoding: .utf8)
        #expect(text.contains("- conv: {name: first, channels: 2, kernel: 3, padding: same, bias: false}"), "\(text)")
        #expect(text.contains("shape: [batch, 2, 6, 6]"), "\(text)")
        let file = try SafetensorsFile(path: folder.file("small.safetensors"))
        #expect(file.shape(of: "first.weight") == [2, 2, 3, 3] && file.shape(of: "second.weight") == [5, 2, 3, 3])
        #expect(file.shape(of: "bn1.running_var") == [2])
        let again = try NetworkLoader(operators: .builtin).load(folder.file("small.yaml"))
        let input = try toySamples(count: 3).inputs
        func run(_ network: Network) throws -> Tensor? {
            try network.session(inputs: input.mapValues(\.shape), backend: OneDNNBackend()).run(input)["classifier"]
        }
        #expect(try run(again) == run(small))
    }

    @Test("weights that two layers share are pruned in each by itself")
    func sharedWeights() throws {
        let source = try network(
            """
            inputs: {x: {shape: [1, 2, 3, 3]}}
            weights: {random: 4}
            layers:
              - constant: {name: shared, shape: [2, 2, 1, 1]}
              - conv: {name: a, from: [x, shared], channels: 2, kernel: 1}
              - conv: {name: b, from: [a, shared], channels: 2, kernel: 1}
              - conv: {name: c, channels: 1, kernel: 1}
            outputs: [c]
            """)
        let dependencies = try ChannelDependencies.of(source)
        #expect(dependencies.layerNames == [["a"], ["b"]])
        let mask = PruningMask(removing: [dependencies.groups[1].channels[0].id])
        let small = try source.compacted(mask, dependencies)
        #expect(small.graph.nodes.map(\.name) == ["a", "b", "c"])
        #expect(try small.bound().parameters[0]["weight"]?.shape == [2, 2, 1, 1])
        #expect(try small.bound().parameters[1]["weight"]?.shape == [1, 2, 1, 1])
        let masked = try source.rebuilt(dependencies, weights: dependencies.masked(dependencies.weights, mask))
        let input = try ["x": Tensor((0..<18).map { Float($0) / 9 }, shape: [1, 2, 3, 3])]
        let outputs = try [masked, small].map {
            try #require($0.session(backend: ReferenceBackend()).run(input)["c"])
        }
        #expect(try relativeDifference(outputs[1], outputs[0]) <= 1e-5)
    }

    @Test("statistics measured anew are the means and variances of what the normalizations then see")
    func statistics() throws {
        let network = try toyNetwork()
        let samples = try toySamples(count: 7)
        let estimated = try network.reestimatingBatchNorms(samples, batch: 3, backend: ReferenceBackend())
        // With its own statistics, each normalization makes a mean of its bias and a variance of its squared factor.
        let shown = try estimated.showingAllValues()
        let values = try shown.session(
            inputs: samples.inputs.mapValues(\.shape), backend: ReferenceBackend(), fold: false
        ).run(samples.inputs)
        let weights = try estimated.weightsOfLayers()
        for name in ["bn1", "bn2"] {
            let tensor = try #require(values[name])
            let (channels, pixels) = (tensor.shape[1], 36)
            let numbers = tensor.reals()
            let (factors, summands) = (
                try #require(weights["\(name).weight"]).reals(), try #require(weights["\(name).bias"]).reals()
            )
            for channel in 0..<channels {
                let own = (0..<7).flatMap { sample -> ArraySlice<Double> in
                    let start = (sample * channels + channel) * pixels
                    return numbers[start..<start + pixels]
                }
                let mean = own.reduce(0, +) / Double(own.count)
                let squares = own.map { ($0 - mean) * ($0 - mean) }
                let variance = squares.reduce(0, +) / Double(own.count - 1)
                #expect(abs(mean - summands[channel]) <= 1e-4, "\(name) \(channel)")
                #expect(abs(variance / (factors[channel] * factors[channel]) - 1) <= 1e-3, "\(name) \(channel)")
            }
        }
        // The other weights are those that it had.
        #expect(try weights["second.weight"] == network.weightsOfLayers()["second.weight"])
    }
}
