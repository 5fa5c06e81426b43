import TesseraCore
import TesseraRuntime

/// What the layers of a network take, measured in several inferences.
public struct NetworkProfile: Sendable {
    /// One measured inference.
    public struct Run: Sendable {
        /// Since the first one began.
        public let start: Duration
        public let duration: Duration
        public let steps: [StepSpan]

        public init(start: Duration, duration: Duration, steps: [StepSpan]) {
            (self.start, self.duration, self.steps) = (start, duration, steps)
        }
    }

    /// A layer, with those that are computed within it. All times are medians over the runs, in milliseconds.
    public struct Layer: Sendable {
        public let layer: String
        /// The paths of later layers that are computed within it.
        public let merged: [String]
        /// The kind of layer.
        public let operatorName: String
        /// The backend's name for what computes it; "none" if nothing runs for it.
        public let kernel: String
        public let precision: Precision
        public let milliseconds: Double
        /// What the copies for this layer take: into another layout, or of its output. Not among `milliseconds`.
        public let copies: Double
        /// The part of all kernels' time, from 0 to 1.
        public fileprivate(set) var share = 0.0
        /// Multiply-accumulate operations, with those of merged layers.
        public let multiplyAccumulates: Int

        /// 10^9 floating-point operations a second, of which a multiply-accumulate is two; 0 where nothing ran.
        public var gflops: Double { BenchmarkReport.gflops(multiplyAccumulates, in: milliseconds) }
    }

    /// In the order of the network; layers that are merged into others are not listed by themselves.
    public let layers: [Layer]
    /// The sum of the layers' kernels, in milliseconds.
    public let kernelMilliseconds: Double
    /// The median of all copies of an inference, those of inputs and outputs among them, in milliseconds.
    public let copyMilliseconds: Double
    public let runs: [Run]

    init(_ session: Session, options: CompileOptions, runs: [Run]) {
        let graph = session.graph
        self.runs = runs
        let (kernelTimes, copyTimes) = (Self.medians(.kernel, of: runs), Self.medians(.copy, of: runs))
        let descriptions = Dictionary(grouping: session.kernels, by: \.layer)
        let merged = Set(session.kernels.flatMap(\.merged))
        let costs = Dictionary(
            zip(graph.graph.nodes.map(\.name), graph.multiplyAccumulates), uniquingKeysWith: { first, _ in first })
        let operators = Dictionary(
            graph.graph.nodes.map { ($0.name, $0.op.name) }, uniquingKeysWith: { first, _ in first })
        // A backend may compute what the graph does not name.
        let others = session.kernels.map(\.layer).filter { operators[$0] == nil }
        let names = graph.graph.nodes.map(\.name).filter { !merged.contains($0) } + others.uniqued()
        var layers = names.map { name in
            let kernels = descriptions[name] ?? []
            let within = kernels.flatMap(\.merged).uniqued()
            return Layer(
                layer: name, merged: within, operatorName: operators[name] ?? "",
                kernel: kernels.isEmpty ? "none" : kernels.map(\.implementation).uniqued().joined(separator: " + "),
                precision: options.precision[name], milliseconds: kernelTimes[name] ?? 0, copies: copyTimes[name] ?? 0,
                multiplyAccumulates: ([name] + within).map { costs[$0] ?? 0 }.reduce(0, Shape.saturatingSum))
        }
        let total = layers.reduce(0) { $0 + $1.milliseconds }
        for index in layers.indices where total > 0 { layers[index].share = layers[index].milliseconds / total }
        self.layers = layers
        kernelMilliseconds = total
        copyMilliseconds =
            Timings(
                milliseconds: runs.map { run in
                    run.steps.reduce(0) { $0 + ($1.kind == .copy ? $1.duration.milliseconds : 0) }
                }
            ).median
    }

    /// What layers of one kind take together.
    public struct OperatorTotal: Sendable {
        public let operatorName: String
        public let count: Int
        public let milliseconds: Double
        public let share: Double
        public let multiplyAccumulates: Int
    }

    /// The totals by kind of layer, the longest first.
    public var totals: [OperatorTotal] {
        Dictionary(grouping: layers, by: \.operatorName).map { name, layers in
            OperatorTotal(
                operatorName: name, count: layers.count, milliseconds: layers.reduce(0) { $0 + $1.milliseconds },
                share: layers.reduce(0) { $0 + $1.share },
                multiplyAccumulates: layers.map(\.multiplyAccumulates).reduce(0, Shape.saturatingSum))
        }
        .sorted { ($1.milliseconds, $0.operatorName) < ($0.milliseconds, $1.operatorName) }
    }

    /// The median over the runs of what all steps of one kind for a layer take together, by layer.
    private static func medians(_ kind: StepSpan.Kind, of runs: [Run]) -> [String: Double] {
        var times: [String: [Double]] = [:]
        for run in runs {
            var sums: [String: Double] = [:]
            for step in run.steps where step.kind == kind {
                sums[step.layer, default: 0] += step.duration.milliseconds
            }
            for (layer, sum) in sums { times[layer, default: []].append(sum) }
        }
        return times.mapValues { Timings(milliseconds: $0).median }
    }
}

extension Array where Element: Hashable {
    fileprivate func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
