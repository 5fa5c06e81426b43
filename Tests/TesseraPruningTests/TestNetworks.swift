import Tessera
import TesseraTestSupport

/// A network written out, with random weights.
func network(_ text: String) throws -> Network {
    try NetworkLoader(operators: .builtin).load(text: "tessera: 1\n" + text, file: "n.yaml")
}

/// Two convolutions and a classifier: six channels and five that can be pruned.
func toyNetwork() throws -> Network {
    try network(
        """
        inputs: {x: {shape: [batch, 2, 6, 6]}}
        weights: {random: 3}
        layers:
          - conv: {name: first, channels: 6, kernel: 3, padding: same, bias: false}
          - batch_norm: {name: bn1}
          - relu
          - conv: {name: second, channels: 5, kernel: 3, padding: same}
          - batch_norm: {name: bn2}
          - relu
          - global_average_pool
          - flatten
          - linear: {name: classifier, features: 3}
        outputs: [classifier]
        """)
}

/// Random samples of the toy network, with random classes.
func toySamples(count: Int = 12, seed: UInt64 = 5) throws -> LabelledSamples {
    var generator = SeededGenerator(seed: seed)
    let labels = (0..<count).map { _ in Int64.random(in: 0..<3, using: &generator) }
    return try LabelledSamples(
        inputs: ["x": .random([count, 2, 6, 6], using: &generator)],
        expected: Tensor(integers: labels, shape: [count]))
}

extension ChannelDependencies {
    /// Bound with a batch of one where that is open.
    static func of(_ network: Network, keeping kept: [String] = []) throws -> ChannelDependencies {
        let shapes = network.graph.inputs.map { input in
            (input.name, Shape(input.shape.dimensions.map { $0.fixedSize ?? 1 }))
        }
        return try ChannelDependencies(
            network.bound(inputs: Dictionary(uniqueKeysWithValues: shapes)), keeping: kept)
    }

    /// The layers of every dependency group.
    var layerNames: [[String]] { groups.map(\.layers) }
}
