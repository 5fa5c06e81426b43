import Foundation
import TesseraCore
import TesseraOperators
import TesseraQuantization

/// Scales and offsets as AIMET's encodings JSON has them, version 0.6.1.
public struct EncodingsFile: Encodable, Sendable {
    struct Encoding: Encodable, Sendable {
        let bitwidth: Int
        let dtype: String
        let is_symmetric: String
        let max: Double
        let min: Double
        let offset: Int
        let scale: Double

        init(_ scale: QuantizationScale) {
            let width = scale.bits > 0 ? scale.bits : 8
            (bitwidth, dtype, is_symmetric) = (width, "int", "False")
            (min, max) = (Double(scale.numbers.lowerBound), Double(scale.numbers.upperBound))
            (offset, self.scale) = (-scale.zeroPoint, Double(scale.scale))
        }

        /// Of a channel's weights.
        init(weightScale: Float, bits: Int) {
            let limit = 1 << (bits - 1)
            (bitwidth, dtype, is_symmetric) = (bits, "int", "True")
            (min, max) = (Double(weightScale) * Double(-limit), Double(weightScale) * Double(limit - 1))
            (offset, scale) = (-limit, Double(weightScale))
        }
    }

    let version = "0.6.1"
    let activation_encodings: [String: [Encoding]]
    let param_encodings: [String: [Encoding]]

    public init(_ result: NetworkQuantizer.Result) {
        activation_encodings = Dictionary(
            result.activations.map { ($0.name, [Encoding($0.scale)]) }, uniquingKeysWith: { first, _ in first })
        param_encodings = Dictionary(
            result.layers.map { layer in
                ("\(layer.name).weight", layer.scales.map { Encoding(weightScale: $0, bits: layer.bits) })
            }, uniquingKeysWith: { first, _ in first })
    }

    public var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
        }
    }
}
