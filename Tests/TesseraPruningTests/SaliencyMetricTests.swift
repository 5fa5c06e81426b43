import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// The values of every metric, and what all of them promise.
@Suite struct SaliencyMetricTests {
    private struct Case: Sendable, CustomStringConvertible {
        let name: String
        let check: SaliencyMetricConformance.Check
        var description: String { "\(name) \(check)" }
    }

    private static let cases = Registry<any SaliencyMetric>.builtin.names.flatMap { name in
        SaliencyMetricConformance.Check.allCases.map { Case(name: name, check: $0) }
    }

    @Test("every registered metric keeps the promises of its protocol", arguments: cases)
    private func conformance(_ testCase: Case) throws {
        let metric = try Registry<any SaliencyMetric>.builtin.make(testCase.name)
        try SaliencyMetricConformance(metric, Self.context()).run(testCase.check)
    }

    @Test("the checker finds metrics that break them")
    func checker() throws {
        let context = try Self.context()
        for (metric, check) in [
            (BrokenMetric(break: .counts), SaliencyMetricConformance.Check.counts),
            (BrokenMetric(break: .finite), .finite), (BrokenMetric(break: .deterministic), .deterministic),
            (BrokenMetric(break: .independent), .independent),
        ] {
            #expect(throws: SaliencyMetricConformance.Failure.self) {
                try SaliencyMetricConformance(metric, context).run(check)
            }
        }
        expectError(.invalidArgument, "expected finite saliencies") {
            try BrokenMetric(break: .finite).curves(in: context)
        }
    }

    /// The toy network with an objective that has a loss and gradients.
    private static func context() throws -> SaliencyContext {
        let network = try toyNetwork()
        let dependencies = try ChannelDependencies.of(network)
        let loss = try SampleLoss(network, dependencies, toySamples(), backend: ReferenceBackend())
        return SaliencyContext(dependencies, objective: DifferenceGradients(loss: loss, dependencies: dependencies))
    }

    // MARK: Values

    /// Two channels of two weights each, read by a layer with weights 5, 6.
    private static func small() throws -> SaliencyContext {
        let network = try network(
            """
            inputs: {x: {shape: [1, 2, 1, 1]}}
            layers:
              - conv: {name: a, channels: 2, kernel: 1}
              - batch_norm: {name: bn, epsilon: 0}
              - conv: {name: b, channels: 1, kernel: 1, bias: false}
            outputs: [b]
            """
        ).replacingWeights(
            .tensors([
                "a.weight": Tensor([3, -4, 0, 1], shape: [2, 2, 1, 1]), "a.bias": Tensor([9, 9], shape: [2]),
                "bn.weight": Tensor([-2, 1], shape: [2]), "bn.bias": Tensor([0, 0.5], shape: [2]),
                "bn.running_mean": Tensor([0, 0], shape: [2]), "bn.running_var": Tensor([1, 4], shape: [2]),
                "b.weight": Tensor([5, 6], shape: [1, 2, 1, 1]),
            ]))
        return SaliencyContext(try .of(network), objective: GivenGradients())
    }

    @Test("norms, factors, distances and Taylor's estimate are what the formulas give by hand")
    func values() throws {
        let context = try Self.small()
        #expect(try L1Norm().saliencies(in: context) == [[7, 1]])
        #expect(try L2Norm().saliencies(in: context) == [[5, 1]])
        #expect(try BatchNormScale().saliencies(in: context) == [[2, 1]])
        let distance = (3.0 * 3 + 5 * 5).squareRoot()
        #expect(try GeometricMedian().saliencies(in: context) == [[distance, distance]])
        // |5 · 2| and |6 · -1|.
        #expect(try TaylorExpansion().saliencies(in: context) == [[10, 6]])
    }

    @Test("metrics say what they lack")
    func missing() throws {
        let context = SaliencyContext(try .of(toyNetwork()))
        expectError(.notSupported, "'loss' needs labelled samples") { try LossChange().saliencies(in: context) }
        expectError(.notSupported, "'taylor' needs labelled samples") { try TaylorExpansion().saliencies(in: context) }
        let plain = try network(
            """
            inputs: {x: {shape: [1, 2, 1, 1]}}
            weights: {random: 1}
            layers: [conv: {name: a, channels: 2, kernel: 1}, conv: {name: b, channels: 1, kernel: 1}]
            outputs: [b]
            """)
        expectError(.notSupported, "'bn-scale' needs a normalization", "a") {
            try BatchNormScale().saliencies(in: SaliencyContext(.of(plain)))
        }
        #expect(RandomSaliency().saliencies(in: context) != RandomSaliency(seed: 1).saliencies(in: context))
    }

    @Test("the loss metric equals taking out each channel by hand and computing the loss anew")
    func bruteForce() throws {
        let network = try toyNetwork()
        let dependencies = try ChannelDependencies.of(network)
        let samples = try toySamples()
        let loss = try SampleLoss(network, dependencies, samples, batch: 5, backend: ReferenceBackend())
        let found = try LossChange().saliencies(in: SaliencyContext(dependencies, objective: loss))

        let shapes = samples.inputs.mapValues(\.shape)
        let bound = try network.bound(inputs: shapes)
        let labels = try #require(samples.expected).integers()
        func crossEntropy(removing layer: String?, _ channel: Int) throws -> Double {
            // The channel's value is set to zero where the next layer reads it.
            let reader = layer == "first" ? "second" : "classifier"
            let graph = try BoundGraph(network.graph, inputs: shapes) { node, specification in
                let index = try #require(bound.graph.nodes.firstIndex { $0.name == node.name })
                var tensor = try #require(bound.parameters[index][specification.name])
                guard layer != nil, node.name == reader, specification.name == "weight" else { return tensor }
                let (rows, columns) = (tensor.shape[0], tensor.shape[1])
                let step = tensor.elementCount / (rows * columns)
                try tensor.withMutableFloats { floats in
                    for row in 0..<rows {
                        for k in 0..<step { floats[(row * columns + channel) * step + k] = 0 }
                    }
                }
                return tensor
            }
            let output = try Session(graph, backend: ReferenceBackend()).run(samples.inputs)
            let logits = try #require(output["classifier"]).reals()
            return labels.enumerated().reduce(0) { sum, label in
                let row = logits[label.offset * 3..<label.offset * 3 + 3]
                return sum - log(exp(row[row.startIndex + Int(label.element)]) / row.reduce(0) { $0 + exp($1) })
            } / Double(labels.count)
        }
        let whole = try crossEntropy(removing: nil, 0)
        for (group, layer) in ["first", "second"].enumerated() {
            for channel in found[group].indices {
                let expected = try crossEntropy(removing: layer, channel) - whole
                #expect(abs(found[group][channel] - expected) <= 1e-6, "\(layer) \(channel)")
            }
        }
        #expect(Set(found.joined()).count == 11)
    }
}

/// Gradients that were made by hand.
private struct GivenGradients: PruningObjective {
    func loss(_ weights: [String: Tensor]) -> Double { 0 }

    func gradients(_ weights: [String: Tensor]) throws -> [String: Tensor] {
        try ["b.weight": Tensor([2, -1], shape: [1, 2, 1, 1])]
    }
}

/// Gradients of the weights that read channels, by central differences.
private struct DifferenceGradients: PruningObjective {
    let loss: SampleLoss
    let dependencies: ChannelDependencies

    func loss(_ weights: [String: Tensor]) throws -> Double { try loss.loss(weights) }

    func gradients(_ weights: [String: Tensor]) throws -> [String: Tensor] {
        var result = weights
        for name in ["second.weight", "classifier.weight"] {
            guard let tensor = weights[name] else { continue }
            let values = try tensor.floats()
            // Some are enough for a metric to be asked twice.
            let slopes = try values.indices.map { index -> Float in
                guard index % 45 == 0 else { return 0 }
                var (higher, lower) = (values, values)
                higher[index] += 0.01
                lower[index] -= 0.01
                let ends = try [higher, lower].map {
                    try loss.loss(weights.merging([name: Tensor($0, shape: tensor.shape)]) { $1 })
                }
                return Float((ends[0] - ends[1]) / 0.02)
            }
            result[name] = try Tensor(slopes, shape: tensor.shape)
        }
        return result
    }
}

private struct BrokenMetric: SaliencyMetric {
    let `break`: SaliencyMetricConformance.Check

    func saliencies(in context: SaliencyContext) -> [[Double]] {
        let groups = context.dependencies.groups
        return groups.map { group in
            group.channels.indices.dropLast(`break` == .counts ? 1 : 0).map { index in
                switch `break` {
                case .finite: index == 0 ? .nan : 1
                case .deterministic: Double.random(in: 0...1)
                case .independent: Double(groups.count)
                case .counts: 1
                }
            }
        }
    }
}

extension RandomSaliency {
    fileprivate init(seed: Int) {
        self.init()
        self.seed = seed
    }
}
