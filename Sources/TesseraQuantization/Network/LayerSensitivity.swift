import TesseraCore
import TesseraNetwork
import TesseraRuntime

/// What it costs to quantize one layer alone.
public struct LayerSensitivity: Sendable {
    public let layer: String
    /// The power of the network's outputs over that of what changes in them, in decibels.
    public let outputRatio: Double
    /// The part of the samples whose largest output is the same as in f32; nil if outputs are no rows of classes.
    public let agreement: Double?
}

extension NetworkQuantizer {
    /// Quantizes every layer by itself, and compares the outputs with those in f32 over the samples that were kept.
    public func sensitivities(_ calibrator: any Calibrator) throws -> [LayerSensitivity] {
        let exact = try outputs(of: source.network)
        return try quantizedNames.map { name in
            let comparison = try compare(outputs(of: quantized(with: calibrator, layers: [name]).network), exact)
            return LayerSensitivity(layer: name, outputRatio: comparison.ratio, agreement: comparison.agreement)
        }
    }

    /// The outputs of a quantized network beside those in f32, over the samples that were kept.
    public func comparison(of network: Network) throws -> (ratio: Double, agreement: Double?) {
        try compare(outputs(of: network), outputs(of: source.network))
    }

    /// The layers that are quantized if the most sensitive ones stay in f32, as long as these have no more than a part of all
    /// multiply-accumulates.
    public func layers(keeping part: Double, of sensitivities: [LayerSensitivity]) -> [String] {
        let total = quantizedNames.reduce(0) { $0 + Double(source.operations[$1] ?? 0) }
        var room = part * total
        var kept: Set<String> = []
        for sensitivity in sensitivities.sorted(by: { $0.outputRatio < $1.outputRatio }) {
            let cost = Double(source.operations[sensitivity.layer] ?? 0)
            guard cost <= room else { continue }
            room -= cost
            kept.insert(sensitivity.layer)
        }
        return quantizedNames.filter { !kept.contains($0) }
    }

    private func outputs(of network: Network) throws -> [[String: Tensor]] {
        var sessions: [[String: Shape]: Session] = [:]
        return try samples.map { inputs in
            let shapes = inputs.mapValues(\.shape)
            let session =
                try sessions[shapes] ?? Session(network.bound(inputs: shapes), backend: backend, options: options)
            sessions[shapes] = session
            return try session.run(inputs)
        }
    }

    private func compare(
        _ found: [[String: Tensor]], _ exact: [[String: Tensor]]
    ) throws -> (ratio: Double, agreement: Double?) {
        var ratio = SignalRatio()
        var (same, rows) = (0, 0)
        for (found, exact) in zip(found, exact) {
            for (name, tensor) in exact where tensor.elementType == .f32 {
                guard let other = found[name] else { continue }
                try ratio.add(other, tensor)
                guard exact.count == 1, tensor.shape.rank == 2, tensor.shape[1] > 1 else { continue }
                rows += tensor.shape[0]
                same += zip(try tensor.rows(), try other.rows()).count { Self.largest($0) == Self.largest($1) }
            }
        }
        return (ratio.decibels, rows > 0 ? Double(same) / Double(rows) : nil)
    }

    private static func largest(_ row: [Float]) -> Int? { row.indices.max { row[$0] < row[$1] } }
}
