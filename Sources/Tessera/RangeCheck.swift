import TesseraCore
import TesseraNetwork
import TesseraRuntime

/// Finds the layers of a network whose numbers IEEE binary16 cannot hold, before anything runs in it (METHODS.md C2): runs
/// the network in binary32 on calibration inputs, and looks at the value of every layer.
///
/// It keeps a few numbers for each layer, and the values of one inference at a time.
public struct RangeCheck: Sendable {
    /// How many times larger than those observed activations may become: a layer whose own exceed the limit divided by this
    /// is at risk.
    public let headroom: Double
    /// How many inferences were observed.
    public private(set) var inferenceCount = 0
    /// The largest magnitude of every input of the network, by name.
    public private(set) var inputs: [String: Double] = [:]

    private let observed: Network
    private let backend: any KernelBackend
    private let threads: Int
    /// What the network was last compiled for.
    private var session: (shapes: [String: Shape], session: StagedSession)?
    private var ranges: [LayerRange]
    /// The layers that made numbers.
    private var observedLayers: Set<Int> = []
    /// The weights that were looked at.
    private var observedWeights: Set<String> = []
    /// Which layer makes a value.
    private let producers: [String: Int]

    /// - Parameters:
    ///   - network: as it is to run, so folded unless it is to run as written.
    ///   - headroom: at least 1.
    /// - Throws: `invalidArgument` for a smaller one.
    public init(
        _ network: Network, headroom: Double = 2, backend: any KernelBackend, threads: Int = 1
    ) throws {
        guard headroom >= 1, headroom.isFinite else {
            throw TesseraError(.invalidArgument, "expected a headroom of at least 1, found \(headroom)")
        }
        (self.headroom, self.backend, self.threads) = (headroom, backend, threads)
        observed = try network.showingAllValues()
        let graph = network.graph
        ranges = graph.nodes.map { LayerRange(name: $0.name, kind: $0.op.name) }
        let values = graph.values.compactMap { value in value.producer.map { (value.name, $0) } }
        producers = Dictionary(values) { first, _ in first }
    }

    /// Runs one inference.
    ///
    /// - Throws: what `Network.session` and running it throw.
    public mutating func observe(_ tensors: [String: Tensor]) throws {
        let values = try session(for: tensors.mapValues(\.shape)).run(tensors)
        for (name, tensor) in tensors where tensor.elementType.isFloatingPoint {
            inputs[name] = Self.larger(inputs[name] ?? 0, tensor.largestMagnitude)
        }
        for (name, tensor) in values where tensor.elementType.isFloatingPoint {
            guard let layer = producers[name] else { continue }
            let largest = Self.larger(ranges[layer].largestActivation, tensor.largestMagnitude)
            ranges[layer].largestActivation = largest
            observedLayers.insert(layer)
        }
        observeWeights()
        inferenceCount += 1
    }

    private mutating func observeWeights() {
        for (name, tensor) in observed.loadedWeights where observedWeights.insert(name).inserted {
            guard tensor.elementType.isFloatingPoint, let dot = name.lastIndex(of: "."),
                let layer = producers[String(name[..<dot])]
            else { continue }
            let largest = tensor.largestMagnitude
            if name[dot...] == ".running_var" {
                ranges[layer].largestVariance = largest
            } else {
                ranges[layer].largestWeight = Self.larger(ranges[layer].largestWeight ?? 0, largest)
            }
        }
    }

    private mutating func session(for shapes: [String: Shape]) throws -> StagedSession {
        if let session, session.shapes == shapes { return session.session }
        let compiled = try observed.session(
            inputs: shapes, backend: backend, options: CompileOptions(threads: threads), fold: false)
        session = (shapes, compiled)
        return compiled
    }

    /// What is no number is larger than anything.
    private static func larger(_ a: Double, _ b: Double) -> Double { a.isNaN || b.isNaN ? .nan : max(a, b) }

    // MARK: What was found

    /// All layers that computed numbers, in order of execution.
    public var layers: [LayerRange] {
        let layers = observedLayers.sorted().map { ranges[$0] }
        guard let graph = session?.session.whole?.graph.graph else { return layers }
        // Some layers do nothing, and the values of others are known before a network runs.
        let constants = Dictionary(graph.nodes.map { ($0.name, $0.op is Constant) }) { first, _ in first }
        return layers.filter { layer in
            constants[layer.name].map { !$0 || layer.kind == Constant.name } ?? false
        }
    }

    /// The layers of one verdict, in order of execution.
    public func layers(_ verdict: LayerRange.Verdict) -> [LayerRange] {
        layers.filter { $0.verdict(headroom: headroom) == verdict }
    }

    /// Binary16 for all layers but those that overflow or are at risk, which stay in binary32 together with the layers that read
    /// what is too large: a layer in binary16 reads its inputs rounded to that.
    public var precision: PrecisionChoice {
        let kept = layers.filter { $0.verdict(headroom: headroom) != .fits }.map(\.name)
        let graph = observed.graph
        let large = graph.values.indices.filter { value in
            let activation = graph.values[value].producer.map { ranges[$0].largestActivation }
            let largest = activation ?? inputs[graph.values[value].name] ?? 0
            return largest.isNaN || largest > LayerRange.limit / headroom
        }
        let consumers = graph.consumers
        let readers = large.flatMap { consumers[$0] }.map { graph.nodes[$0].name }
        return PrecisionChoice(.f16, layers: Dictionary((kept + readers).map { ($0, .f32) }) { first, _ in first })
    }
}
