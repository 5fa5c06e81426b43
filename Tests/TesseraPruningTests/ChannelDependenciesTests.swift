import Tessera
import TesseraTestSupport
import Testing

/// Which channels go together, for blocks whose answer follows by hand.
@Suite struct ChannelDependenciesTests {
    @Test("a channel takes its kernels, what normalizes it, and the kernel slices that read it")
    func chain() throws {
        let dependencies = try ChannelDependencies.of(toyNetwork())
        #expect(dependencies.layerNames == [["first"], ["second"]])
        #expect(dependencies.fixed.map(\.layer) == ["classifier"])
        #expect(dependencies.fixed.first?.reason == "they are the output 'classifier'")
        let channel = dependencies.groups[1].channels[3]
        #expect(
            channel.slices == [
                ParameterSlice(layer: "second", parameter: "weight", axis: 0, indices: [3], role: .kernel),
                ParameterSlice(layer: "second", parameter: "bias", axis: 0, indices: [3], role: .bias),
                ParameterSlice(layer: "bn2", parameter: "weight", axis: 0, indices: [3], role: .scale),
                ParameterSlice(layer: "bn2", parameter: "bias", axis: 0, indices: [3], role: .bias),
                ParameterSlice(layer: "bn2", parameter: "running_mean", axis: 0, indices: [3], role: .companion),
                ParameterSlice(layer: "bn2", parameter: "running_var", axis: 0, indices: [3], role: .companion),
                ParameterSlice(layer: "classifier", parameter: "weight", axis: 1, indices: [3], role: .reader),
            ])
    }

    @Test("what is added goes together, and an option-A shortcut binds channels at other places")
    func residuals() throws {
        let dependencies = try ChannelDependencies.of(
            network(
                """
                inputs: {x: {shape: [1, 3, 8, 8]}}
                weights: {random: 1}
                layers:
                  - conv: {name: stem, channels: 4, kernel: 1}
                  - conv: {name: inner, channels: 6, kernel: 3, padding: 1, stride: 2}
                  - conv: {name: wide, channels: 8, kernel: 1}
                  - slice: {from: stem, axes: [2, 3], steps: [2, 2]}
                  - pad: {axes: [1], before: [2], after: [2]}
                  - add: {name: sum, from: [wide, pad1]}
                  - global_average_pool
                  - flatten
                  - linear: {name: last, features: 2}
                outputs: [last]
                """))
        #expect(dependencies.layerNames == [["stem", "wide"], ["inner"], ["wide"]])
        let shared = dependencies.groups[0].channels[1]
        let kernels = shared.slices.filter { $0.role == .kernel }
        #expect(kernels.map(\.layer) == ["stem", "wide"] && kernels.map(\.indices) == [[1], [3]])
        // Channels of `wide` that the shortcut has zeros for.
        let own = dependencies.groups[2].channels.flatMap { $0.slices.filter { $0.role == .kernel }.flatMap(\.indices) }
        #expect(own == [0, 1, 6, 7])
    }

    @Test("a flattened channel is read at all of its pixels, by linear and recurrent layers")
    func flattened() throws {
        let dependencies = try ChannelDependencies.of(
            network(
                """
                inputs: {x: {shape: [1, 1, 4, 4]}}
                weights: {random: 1}
                layers:
                  - conv: {name: conv, channels: 3, kernel: 3}
                  - flatten
                  - linear: {name: fc, features: 2}
                  - unsqueeze: {from: conv, axes: [0]}
                  - flatten: {axis: 2}
                  - gru: {name: gru, hidden: 2}
                outputs: [fc, gru]
                """))
        let channel = try #require(dependencies.groups.first?.channels[1])
        let readers = channel.slices.filter { $0.role == .reader }
        #expect(readers.map(\.name) == ["fc.weight", "gru.weight_ih_l0"])
        #expect(readers.map(\.indices) == [[4, 5, 6, 7], [4, 5, 6, 7]])
        #expect(dependencies.fixed.map(\.layer) == ["fc"])
    }

    @Test("groups of a convolution shrink evenly, and depthwise kernels go with the channel they read")
    func groups() throws {
        let dependencies = try ChannelDependencies.of(
            network(
                """
                inputs: {x: {shape: [1, 3, 4, 4]}}
                weights: {random: 1}
                layers:
                  - conv: {name: a, channels: 4, kernel: 1}
                  - conv: {name: depthwise, channels: 8, groups: 4, kernel: 3}
                  - conv: {name: grouped, channels: 6, groups: 2, kernel: 1}
                  - conv: {name: b, channels: 2, kernel: 1}
                outputs: [b]
                """))
        #expect(dependencies.layerNames == [["a", "depthwise"], ["grouped"]])
        // Groups of four channels are read by each half: channels 0 and 4 of `depthwise` must go together, so 0 and 2 of `a`.
        #expect(dependencies.groups[0].channels.count == 2)
        #expect(dependencies.groups[1].channels.map { $0.slices[0].indices } == [[0, 3], [1, 4], [2, 5]])
    }

    @Test("what must stay says why: outputs, asked for, normalized together, added to an input")
    func reasons() throws {
        let source = """
            inputs: {x: {shape: [1, 4, 4, 4]}}
            weights: {random: 1}
            layers:
              - conv: {name: a, channels: 4, kernel: 1}
              - add: {name: sum, from: [a, x]}
              - conv: {name: b, channels: 4, kernel: 1}
              - local_response_norm: {name: norm, size: 3}
              - conv: {name: c, channels: 4, kernel: 1}
              - conv: {name: d, channels: 4, kernel: 1}
            outputs: [d]
            """
        let dependencies = try ChannelDependencies.of(network(source), keeping: ["c"])
        #expect(dependencies.groups.isEmpty)
        #expect(
            dependencies.fixed.map(\.reason) == [
                "'sum' combines them with values that stay (add)", "'norm' needs all of them (local_response_norm)",
                "its channels are to stay", "they are the output 'd'",
            ])
        expectError(.notFound, "no layer 'bb' makes channels", "did you mean 'b'?") {
            try ChannelDependencies.of(network(source), keeping: ["bb"])
        }
    }
}
