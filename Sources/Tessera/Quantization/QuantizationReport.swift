import Foundation
import TesseraCore
import TesseraNetwork
import TesseraQuantization

/// What quantization did to a network, for people and as JSON.
public struct QuantizationReport: Sendable, Encodable {
    /// A layer that could be quantized.
    public struct Layer: Sendable, Encodable {
        public let name: String
        /// Of weights; 32 for one that stays in f32.
        public let weight_bits: Int
        /// Of what it reads; 32 for one that stays in f32.
        public let activation_bits: Int
        /// The numbers that what it reads covers: of the smallest integer and of the largest.
        public let range: [Float]?
        public let scale: Float?
        public let zero_point: Int?
        /// The power of the weights over that of what rounding changes, in decibels.
        public let weight_sqnr_db: Double?
        /// That of the network's outputs if this layer alone is quantized; nil if that was not asked for.
        public var output_sqnr_db: Double?
        /// The part of the samples with the same class then.
        public var agreement: Double?
    }

    public let network: String
    public let method: String
    public let target: String
    public let samples: Int
    public let layers: [Layer]
    /// Over some of the samples, for the whole network.
    public internal(set) var output_sqnr_db = 999.0
    public internal(set) var agreement: Double?
    public internal(set) var calibration_seconds = 0.0
    /// On the labelled samples; nil without.
    public internal(set) var accuracy_before: Double?
    public internal(set) var accuracy_after: Double?
    public var weight_bytes_before: Int?
    public var weight_bytes_after: Int?
    /// Where the network was written; nil if nowhere.
    public var file: String?

    init(
        network: String, settings: QuantizationFile, quantizer: NetworkQuantizer, result: NetworkQuantizer.Result,
        sensitivities: [LayerSensitivity]
    ) {
        self.network = network
        method = YAMLWriter.flow(settings.method.configuration)
        target = settings.quantization.target.rawValue
        samples = quantizer.sampleCount
        let quantized = Dictionary(uniqueKeysWithValues: result.layers.map { ($0.name, $0) })
        let costs = Dictionary(sensitivities.map { ($0.layer, $0) }, uniquingKeysWith: { first, _ in first })
        layers = quantizer.layerNames.map { name in
            let (layer, cost) = (quantized[name], costs[name])
            let bits = settings.quantization.activationBits
            return Layer(
                name: name, weight_bits: layer?.bits ?? 32, activation_bits: layer?.reads == nil ? 32 : bits,
                range: layer?.reads.map { [$0.numbers.lowerBound, $0.numbers.upperBound] },
                scale: layer?.reads?.scale, zero_point: layer?.reads?.zeroPoint,
                weight_sqnr_db: layer.map { Self.finite($0.weightError) },
                output_sqnr_db: cost.map { Self.finite($0.outputRatio) }, agreement: cost?.agreement)
        }
    }

    /// JSON has no infinity: 999 for no error at all, -999 for what is no number.
    static func finite(_ decibels: Double) -> Double { decibels.isFinite ? decibels : decibels > 0 ? 999 : -999 }
}

extension QuantizationReport: CustomStringConvertible {
    public var description: String {
        let hasCosts = layers.contains { $0.output_sqnr_db != nil }
        let costs = hasCosts ? ["outputs' SQNR alone", "same class"] : []
        var table = TextTable(header: ["layer", "bits", "reads", "scale", "weights' SQNR"] + costs)
        for layer in layers {
            var row = [layer.name, layer.weight_bits == 32 ? "f32" : "\(layer.weight_bits), \(layer.activation_bits)"]
            row.append(layer.range.map { String(format: "%.4g … %.4g", $0[0], $0[1]) } ?? "f32")
            row.append(layer.scale.map { String(format: "%.4g", $0) } ?? "")
            row.append(layer.weight_sqnr_db.map { String(format: "%.1f dB", $0) } ?? "")
            if hasCosts {
                row.append(layer.output_sqnr_db.map { String(format: "%.1f dB", $0) } ?? "")
                row.append(layer.agreement.map { String(format: "%.1f %%", $0 * 100) } ?? "")
            }
            table.add(row)
        }
        var lines = [table.description, ""]
        lines.append(
            String(format: "calibrated by %@ on %d inferences in %.1f s", method, samples, calibration_seconds))
        lines.append(
            String(format: "outputs' SQNR %.1f dB", Self.finite(output_sqnr_db))
                + (agreement.map { String(format: ", same class for %.1f %% of the samples", $0 * 100) } ?? ""))
        if let before = accuracy_before, let after = accuracy_after {
            lines.append(String(format: "accuracy: %.2f %% before, %.2f %% after", before * 100, after * 100))
        }
        if let before = weight_bytes_before, let after = weight_bytes_after {
            lines.append("weights: \(ByteCount(before)) before, \(ByteCount(after)) after")
        }
        if let file { lines.append(file) }
        return lines.joined(separator: "\n")
    }
}
