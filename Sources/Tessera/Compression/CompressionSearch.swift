import Foundation
import TesseraCompression
import TesseraCore
import TesseraNetwork
import TesseraPruning
import TesseraRuntime

/// Chooses for each layer how it is compressed, so that the whole file has few bytes for what changes in the network's outputs.
///
/// Every layer is compressed in several ways, which gives bytes R and a squared error of the weights for each. How much a layer's error
/// changes the outputs is measured once, with that layer alone compressed; changes of several layers add up as long as they are small.
/// For a price λ of a change D, each layer takes what minimizes R + λ · D, which is optimal for the bytes that it comes to
/// (Shoham and Gersho, "Efficient bit allocation for an arbitrary set of quantizers", 1988). The price is found by bisection.
struct CompressionSearch: Sendable {
    let network: Network
    let settings: CompressionFile
    let modules: Modules
    let backend: any KernelBackend
    let threads: Int
    let samples: LabelledSamples?
    /// The shapes of inputs, where weights depend on them.
    let shapes: [String: Shape]

    /// One layer in all ways.
    private struct Layer: Sendable {
        let candidates: [EncodedLayer]
        /// The squared error of the weights of each.
        let errors: [Double]
        /// The change of the outputs for an error of the weights; 0 if the samples do not show any, so that the fewest bytes are best.
        var sensitivity = 1.0

        func choice(price: Double) -> EncodedLayer {
            let costs = candidates.indices.map {
                Double(candidates[$0].byteCount) + price * sensitivity * errors[$0]
            }
            return candidates[costs.indices.min { costs[$0] < costs[$1] } ?? 0]
        }
    }

    /// Steps of a grid as parts of the root mean square: each makes a quarter of a bit or so of difference.
    private static let steps = (0..<20).map { 0.05 * pow(1.25, Double($0)) }
    private static let qualities = [100, 98, 96, 93, 90, 85, 80, 70, 60, 45, 30]

    /// - Parameters:
    ///   - weights: what is compressed.
    ///   - isAcceptable: whether layers do what is asked for. Of prices, those above some are acceptable for a target of accuracy, those
    ///     below for one of bytes.
    ///   - prefersPrecise: whether a higher price is better among acceptable ones, as for a target of bytes.
    /// - Throws: `limitExceeded` if nothing is acceptable.
    func run(
        _ weights: [CompressibleTensor], prefersPrecise: Bool, isAcceptable: ([EncodedLayer]) throws -> Bool
    ) throws -> [EncodedLayer] {
        var layers = try weights.concurrentlyMapped(threads: threads) { try layer($0) }
        try measureSensitivities(&layers, weights)
        let slopes = layers.flatMap(Self.slopes)
        var (low, high) = (log((slopes.min() ?? 1) / 4), log((slopes.max() ?? 1) * 4))
        func choice(_ price: Double) -> [EncodedLayer] { layers.map { $0.choice(price: exp(price)) } }
        // The end that is surely acceptable if anything is.
        var best = choice(prefersPrecise ? low : high)
        guard try isAcceptable(best) else {
            throw TesseraError(
                .limitExceeded,
                prefersPrecise
                    ? "the fewest bytes that the layers can take are more than the target"
                    : "even the finest steps cost more than the target")
        }
        for _ in 0..<9 {
            let middle = (low + high) / 2
            let candidate = choice(middle)
            let isGood = try isAcceptable(candidate)
            if isGood { best = candidate }
            if isGood == prefersPrecise { low = middle } else { high = middle }
        }
        return best
    }

    // MARK: Candidates

    private func layer(_ weight: CompressibleTensor) throws -> Layer {
        let own = settings.settings(of: weight.name)
        let encoder = LayerEncoder(weight)
        let candidates: [EncodedLayer]
        if weight.integerBits != nil {
            // Integers are kept as they are.
            candidates = [try encoder.encode(candidate(own, quality: nil))]
        } else {
            candidates = try self.candidates(own).compactMap { try encoder.encode($0) }
        }
        return Layer(candidates: candidates, errors: try candidates.map { try Self.error($0.decoded, weight.tensor) })
    }

    private func candidates(_ own: LayerCompression) throws -> [LayerSettings] {
        var result = try Self.steps.map { step in
            var own = own
            own.step = step
            return try candidate(own, quality: nil)
        }
        guard try hasQuality(own) else { return result }
        result = result.filter(\.codec.isLossless)
        var plain = own
        plain.step = nil
        let kind = try candidate(plain, quality: 100).codec.kind
        // A layout that was chosen has the blocks that it has.
        for block in kind == .video && own.layout == nil ? [own.block, [64, 64]] : [own.block] {
            plain.block = block
            result += try Self.qualities.map { try candidate(plain, quality: $0) }
        }
        return result
    }

    /// Whether the codec has a quality to choose.
    private func hasQuality(_ own: LayerCompression) throws -> Bool {
        guard own.codec.name != WeightCodecChoice.auto else { return false }
        return try modules.weightCodecs.module(own.codec.name).keys.contains { $0.name == "quality" }
    }

    private func codecName(_ own: LayerCompression) -> String {
        own.codec.name == WeightCodecChoice.auto ? "context" : own.codec.name
    }

    private func candidate(_ own: LayerCompression, quality: Int?) throws -> LayerSettings {
        var choice = WeightCodecChoice(codecName(own), options: own.codec.options)
        if let quality { try choice.set("quality", quality.configuration) }
        return try own.settings(choice.name, choice.options, modules.weightCodecs)
    }

    private static func error(_ found: Tensor, _ exact: Tensor) throws -> Double {
        guard exact.elementType == .f32 else { return 0 }
        return try found.withFloats { found in
            try exact.withFloats { exact in
                exact.indices.reduce(0) { sum, index in
                    let difference = Double(found[index]) - Double(exact[index])
                    return sum + difference * difference
                }
            }
        }
    }

    /// The prices at which a layer goes from one candidate to the next.
    private static func slopes(_ layer: Layer) -> [Double] {
        layer.candidates.indices.dropFirst().compactMap { index in
            let bytes = Double(layer.candidates[index - 1].byteCount - layer.candidates[index].byteCount)
            let change = layer.sensitivity * (layer.errors[index] - layer.errors[index - 1])
            guard bytes > 0, change > 0 else { return nil }
            let slope = bytes / change
            return slope.isFinite && slope > 0 ? slope : nil
        }
    }

    // MARK: Sensitivity

    /// Finds how much each layer's errors change the outputs over the samples; without samples, as much as its weights are small.
    private func measureSensitivities(_ layers: inout [Layer], _ weights: [CompressibleTensor]) throws {
        guard let samples else {
            for index in layers.indices {
                let power = try Self.error(Tensor(zeros: weights[index].tensor.shape), weights[index].tensor)
                layers[index].sensitivity = power > 0 ? 1 / power : 1
            }
            return
        }
        let batches = try samples.batches(for: network, size: 128).map(\.inputs)
        let all = try network.weightsOfLayers(inputs: shapes)
        let exact = try outputs(all, batches)
        for index in layers.indices {
            // A step in the middle of those that are likely to be chosen.
            let middle = layers[index].candidates.count * 5 / 9
            guard layers[index].errors[middle] > 0 else { continue }
            let altered = all.merging([weights[index].name: layers[index].candidates[middle].decoded]) { $1 }
            let changed = try outputs(altered, batches)
            let change = try locatingErrors(path: weights[index].name) { try Self.change(from: exact, to: changed) }
            layers[index].sensitivity = change / layers[index].errors[middle]
        }
    }

    /// The squared difference of outputs.
    ///
    /// - Throws: `notSupported` for outputs that are of other shapes, or no finite numbers.
    private static func change(from exact: [Tensor], to changed: [Tensor]) throws -> Double {
        guard exact.map(\.shape) == changed.map(\.shape) else {
            throw TesseraError(
                .notSupported, "rounding it changes the shapes of the outputs, so nothing says how much it matters")
        }
        let change = try zip(exact, changed).reduce(0.0) { try $0 + error($1.1, $1.0) }
        guard change.isFinite else {
            throw TesseraError(
                .notSupported, "the outputs over the samples are no finite numbers, so nothing says how much it matters"
            )
        }
        return change
    }

    private func outputs(_ weights: [String: Tensor], _ batches: [[String: Tensor]]) throws -> [Tensor] {
        let network = network.replacingWeights(.tensors(weights))
        var sessions: [[String: Shape]: StagedSession] = [:]
        return try batches.flatMap { inputs in
            let shapes = inputs.mapValues(\.shape)
            let session =
                try sessions[shapes]
                ?? network.session(inputs: shapes, backend: backend, options: CompileOptions(threads: threads))
            sessions[shapes] = session
            return try session.run(inputs).sorted { $0.key < $1.key }.map(\.value)
        }
    }
}
