import Foundation
import TesseraCompression
import TesseraCore
import TesseraNetwork

/// What compression did to the weights of a network, for people and as JSON.
public struct CompressionReport: Sendable, Encodable {
    /// A tensor that was compressed.
    public struct Layer: Sendable, Encodable {
        public let name: String
        public let codec: String
        public let quality: Int?
        /// The name of the order in which weights became samples.
        public let layout: String
        /// Of the numbers that stand for weights.
        public let bits: Int
        public let weights: Int
        public let bytes: Int
        /// How many times smaller than in f32.
        public let ratio: Double
        /// What codes that know only how often each number occurs would take at least.
        public let entropy_bytes: Double
        public let reordered: Bool
        public let encode_seconds: Double
        public let decode_seconds: Double

        init(_ source: CompressibleTensor, _ layer: EncodedLayer) {
            let entry = layer.entry
            (name, codec, quality, layout) = (entry.name, entry.codec, entry.quality, entry.layout.name)
            bits = entry.mapping?.bits ?? entry.integerBits ?? 8
            weights = source.weightCount
            bytes = layer.byteCount
            ratio = Double(4 * weights) / Double(max(1, bytes))
            entropy_bytes = layer.entropyBits / 8
            reordered = entry.order != nil
            (encode_seconds, decode_seconds) = (layer.encodeSeconds, layer.decodeSeconds)
        }
    }

    public let network: String
    public let layers: [Layer]
    /// Of tensors that are kept as they are, before and after.
    public let exact_bytes: Int
    public let coded_exact_bytes: Int
    /// The whole file: compressed weights, exact tensors and the index.
    public let file_bytes: Int
    /// Of all tensors, if every element were f32.
    public let f32_bytes: Int
    /// How many times smaller than that the file is.
    public let ratio: Double
    /// How many times smaller than in f32 the weights that are compressed are by themselves, and by their order-0 entropy.
    public let weights_ratio: Double
    public let entropy_ratio: Double
    /// On the test pictures of the training file; nil without.
    public internal(set) var before: NetworkQuality.Measure?
    public internal(set) var after: NetworkQuality.Measure?
    /// Where the network or its weights were written; nil if nowhere.
    public var file: String?

    /// - Parameter exactCount: the elements of tensors that are kept as they are.
    init(
        network: String, layers: [Layer], exactBytes: Int, exactCount: Int, codedExactBytes: Int, fileBytes: Int
    ) {
        (self.network, self.layers) = (network, layers)
        (exact_bytes, coded_exact_bytes, file_bytes) = (exactBytes, codedExactBytes, fileBytes)
        let weights = 4 * layers.reduce(0) { $0 + $1.weights }
        f32_bytes = weights + 4 * exactCount
        ratio = Double(f32_bytes) / Double(max(1, fileBytes))
        weights_ratio = Double(weights) / Double(max(1, layers.reduce(0) { $0 + $1.bytes }))
        entropy_ratio = Double(weights) / max(1, layers.reduce(0) { $0 + $1.entropy_bytes })
    }
}

extension CompressionReport: CustomStringConvertible {
    public var description: String {
        var table = TextTable(header: ["weight", "codec", "bits", "bytes", "ratio", "entropy", "encode", "decode"])
        func row(
            _ name: String, _ codec: String, _ bits: String, _ bytes: Int, _ ratio: Double, _ entropy: Double,
            _ seconds: (Double, Double)
        ) {
            table.add([
                name, codec, bits, String(bytes), String(format: "%.2fx", ratio), String(format: "%.0f", entropy),
                String(format: "%.1f ms", seconds.0 * 1000), String(format: "%.1f ms", seconds.1 * 1000),
            ])
        }
        for layer in layers {
            let codec = layer.codec + (layer.quality.map { " q\($0)" } ?? "") + (layer.reordered ? " reordered" : "")
            row(
                layer.name, codec, String(layer.bits), layer.bytes, layer.ratio, layer.entropy_bytes,
                (layer.encode_seconds, layer.decode_seconds))
        }
        let sums = (
            layers.reduce(0) { $0 + $1.encode_seconds }, layers.reduce(0) { $0 + $1.decode_seconds }
        )
        row(
            "all of these", "", "", layers.reduce(0) { $0 + $1.bytes }, weights_ratio,
            layers.reduce(0) { $0 + $1.entropy_bytes }, sums)
        var lines = [table.description, ""]
        if exact_bytes > 0 {
            lines.append(
                "kept exactly: \(ByteCount(exact_bytes)) of other tensors, coded in \(ByteCount(coded_exact_bytes))")
        }
        lines.append(
            "file: \(file_bytes) bytes for \(f32_bytes) in f32" + String(format: ", %.2f times smaller", ratio))
        if let before, let after {
            if let first = before.accuracy, let second = after.accuracy {
                lines.append(String(format: "accuracy: %.2f %% before, %.2f %% after", first * 100, second * 100))
            }
            if let first = before.psnr_db, let second = after.psnr_db {
                lines.append(String(format: "PSNR: %.2f dB before, %.2f dB after", first, second))
            }
        }
        if let file { lines.append(file) }
        return lines.joined(separator: "\n")
    }
}
