import ArgumentParser
import Foundation
import Tessera

struct FoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fold",
        abstract: "Merges batch normalizations into the convolutions before them, and writes the network that is left.",
        discussion: """
            Everything that runs a network does so anyway; this writes the result as network.yaml and weights.safetensors. \
            Scales and shifts by constants are merged, too, also into transposed convolutions and linear layers.
            """)

    @OptionGroup var network: NetworkOptions
    @OptionGroup var target: NetworkFolderOptions
    @OptionGroup var shapes: ShapeOptions
    @OptionGroup var plugins: PluginOptions

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    func run() throws {
        let folder = try target.checked()
        let network = try self.network.load(plugins.modules())
        let given = try shapes.given(for: network)
        // What is missing or no number is said before anything is written.
        _ = try network.weightsOfLayers(inputs: given)
        let folded = try network.folded()
        let sizes = try? (shapes.bind(network), shapes.bind(folded))
        let before = FoldingReport.Totals(network, sizes?.0)
        let after = FoldingReport.Totals(folded, sizes?.1)
        try folder.write(folded)
        let report = FoldingReport(
            network: folded.name, file: folder.networkPath, layers: folded.foldedLayers.map(FoldingReport.Layer.init),
            before: before, after: after,
            weight_bytes: hasWeights(folded) ? fileByteCount(folder.weightPath) : nil)
        if json { try printJSON(report) } else { print(report) }
    }

    /// Whether the network has weights of its own that are written.
    private func hasWeights(_ network: Network) -> Bool {
        switch network.weights {
        case .file, .tensors: true
        case .random, .none: !network.foldedLayers.isEmpty
        }
    }
}

/// What `tessera fold` tells.
struct FoldingReport: Encodable, CustomStringConvertible {
    struct Layer: Encodable {
        let name: String
        let merged: [String]
        let largest_variance: Double?
        let variance_exceeds_binary16: Bool
        let largest_parameter: Double
        let largest_weight: Double?

        init(_ layer: FoldedLayer) {
            (name, merged) = (layer.layer, layer.merged)
            (largest_variance, variance_exceeds_binary16) = (layer.largestVariance, layer.varianceExceedsBinary16)
            (largest_parameter, largest_weight) = (layer.largestParameter, layer.largestWeight)
        }

        /// What of it binary16 cannot hold.
        var note: String {
            let limit = FoldedLayer.binary16Limit
            let large = [
                (variance_exceeds_binary16, "the variance"), (largest_parameter > limit, "a parameter"),
                ((largest_weight ?? 0) > limit, "a folded weight"),
            ].filter(\.0).map(\.1)
            return large.isEmpty ? "" : large.joined(separator: ", ") + " above binary16's 65504"
        }
    }

    struct Totals: Encodable {
        let layers: Int
        /// Of one inference: a multiply-accumulate counts as two, and so does an element of a batch normalization, one of any
        /// other layer as one. Nil if sizes are open.
        let operations: Int?

        init(_ network: Network, _ bound: BoundGraph?) {
            layers = network.graph.nodes.count
            operations = bound?.operationCount
        }
    }

    let network: String
    let file: String
    let layers: [Layer]
    let before: Totals
    let after: Totals
    /// Of the weight file; nil if the network has none.
    let weight_bytes: Int?

    var description: String {
        var lines: [String] = []
        if layers.isEmpty {
            lines.append("nothing to fold")
        } else {
            let hasNotes = layers.contains { !$0.note.isEmpty }
            var table = TextTable(header: ["layer", "merged", "largest variance"] + (hasNotes ? ["note"] : []))
            for layer in layers {
                let variance = layer.largest_variance.map { String(format: "%.5g", $0) } ?? ""
                table.add(
                    [layer.name, layer.merged.joined(separator: ", "), variance] + (hasNotes ? [layer.note] : []))
            }
            lines.append(table.description)
        }
        lines.append("layers: \(before.layers) before, \(after.layers) after")
        if let before = before.operations, let after = after.operations {
            lines.append("operations: \(before) before, \(after) after")
        }
        lines.append(file + (weight_bytes.map { ": \(ByteCount($0)) of weights" } ?? ""))
        return lines.joined(separator: "\n")
    }
}

extension BoundGraph {
    /// A multiply-accumulate counts as two operations, and so does an element of a batch normalization; an element of any other
    /// layer counts as one.
    fileprivate var operationCount: Int {
        zip(graph.nodes, multiplyAccumulates).reduce(0) { sum, layer in
            let (node, macs) = layer
            let elements = node.outputs.reduce(0) { Shape.saturatingSum($0, shapes[$1].elementCount) }
            let own =
                node.op is Constant
                ? 0
                : macs > 0
                    ? Shape.saturatingProduct(2, macs)
                    : node.op is BatchNorm ? Shape.saturatingProduct(2, elements) : elements
            return Shape.saturatingSum(sum, own)
        }
    }
}
