import TesseraCore
import TesseraNetwork
import TesseraOneDNN
import TesseraPruning
import TesseraRuntime

/// The checks of `SaliencyMetricConformance`, in words, with a network that has samples and gradients.
struct MetricConformance: Sendable {
    private let metric: any SaliencyMetric
    private let context: SaliencyContext

    init(_ metric: any SaliencyMetric, _ modules: Modules, seed: UInt64) throws {
        (self.metric, context) = (metric, try Self.context(modules, seed: seed))
    }

    var checks: [ConformanceCheck] {
        SaliencyMetricConformance.Check.allCases.map { check in
            ConformanceCheck(Self.promise(check)) { [metric, context] in
                try SaliencyMetricConformance(metric, context).run(check)
            }
        } + [
            ConformanceCheck("threads that use it at once get the same values") { [metric, context] in
                let values = try metric.saliencies(in: context)
                try ConformanceCheck.atOnce { try metric.saliencies(in: context) == values }
            }
        ]
    }

    private static func promise(_ check: SaliencyMetricConformance.Check) -> String {
        switch check {
        case .counts: "every channel of every group has one value"
        case .finite: "every value is a finite number"
        case .deterministic: "asked again, it gives the same values"
        case .independent: "what a channel is worth does not depend on other groups"
        }
    }

    private static func context(_ modules: Modules, seed: UInt64) throws -> SaliencyContext {
        let network = try NetworkLoader(operators: .builtin).load(text: text, file: "metric.yaml")
        let dependencies = try ChannelDependencies(network.bound(inputs: ["x": [1, 2, 6, 6]]))
        var numbers = ConformanceNumbers(seed: seed)
        let count = 12
        let samples = try LabelledSamples(
            inputs: ["x": numbers.tensor([count, 2, 6, 6])],
            expected: Tensor(integers: (0..<count).map { Int64($0 % 3) }, shape: [count]))
        let backend = OneDNNBackend()
        let loss = try SampleLoss(network, dependencies, samples, batch: count, backend: backend)
        var settings = SampleSettings()
        settings.batch = count
        let objective = TrainableLoss(
            forward: loss, network: try network.rebuilt(dependencies, weights: [:]), samples: samples,
            settings: settings, backend: try modules.trainer(of: backend), threads: 1)
        return SaliencyContext(dependencies, objective: objective)
    }

    private static let text = """
        tessera: 1
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
        """
}
