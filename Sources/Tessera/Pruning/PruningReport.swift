import Foundation
import TesseraCore
import TesseraNetwork
import TesseraPruning

/// What pruning did to a network, for people and as JSON.
public struct PruningReport: Sendable, Encodable {
    /// A layer whose channels could be pruned.
    public struct Layer: Sendable, Encodable {
        public let name: String
        public let channels_before: Int
        public let channels_after: Int
        /// The smallest saliency that was kept, of each dependency group that it belongs to; nil for one that is gone.
        public let saliency_at_cut: [Double?]
        public let macs_before: Int
    }

    /// Channel groups that competed with each other, and where their curve was cut.
    public struct Group: Sendable, Encodable {
        public let name: String
        public let layers: [String]
        /// In ascending order.
        public let saliencies: [Double]
        /// How many were pruned.
        public let pruned: Int
        /// Whether each of them was: the first ones, unless pruning took several steps, each of which measured anew.
        public let is_pruned: [Bool]

        /// The smallest saliency that was kept; nil if none was.
        var smallestKept: Double? { zip(saliencies, is_pruned).first { !$0.1 }?.0 }
    }

    /// A layer that kept all its channels.
    public struct Fixed: Sendable, Encodable {
        public let layer: String
        public let channels: Int
        public let reason: String
    }

    public struct Totals: Sendable, Encodable {
        public let macs: Int
        public let parameters: Int
        /// In milliseconds, the median; nil if it was not measured.
        public let latency_ms: Double?
        /// Over the samples; nil without labelled ones.
        public let loss: Double?
        public let accuracy: Double?
        /// Of the weight file, or of the weights of a network that is in no file; nil without either.
        public var weight_bytes: Int?

        init(macs: Int, parameters: Int, latency: Double?, loss: Double?, accuracy: Double?, weightBytes: Int?) {
            (self.macs, self.parameters, latency_ms) = (macs, parameters, latency)
            (self.loss, self.accuracy, weight_bytes) = (loss, accuracy, weightBytes)
        }

        static let none = Totals(macs: 0, parameters: 0, latency: nil, loss: nil, accuracy: nil, weightBytes: nil)
    }

    public let network: String
    public let metric: String
    public let amount: String
    public let layers: [Layer]
    public let groups: [Group]
    public let fixed: [Fixed]
    /// The channels that each layer lost, by their numbers in it.
    public let pruned: [String: [Int]]
    public var before = Totals.none
    public var after = Totals.none
    /// Where the network was written; nil if nowhere.
    public var file: String?

    init(network: Network, settings: PruningFile, dependencies: ChannelDependencies, choice: Pruner.Choice) {
        self.network = network.name
        metric = YAMLWriter.flow(settings.metric.configuration)
        amount = YAMLWriter.flow(settings.amount.configuration)
        let removed = choice.mask.removed
        let groups = zip(dependencies.groups, choice.curves).map { group, curve in
            Group(
                name: group.name, layers: group.layers, saliencies: curve.sorted,
                pruned: group.channels.count { removed.contains($0.id) },
                is_pruned: curve.order.map { removed.contains(group.channels[$0].id) })
        }
        let macs = Dictionary(
            zip(dependencies.graph.graph.nodes.map(\.name), dependencies.graph.multiplyAccumulates),
            uniquingKeysWith: { first, _ in first })
        layers = zip(dependencies.layers, dependencies.channelCounts(choice.mask)).map { layer, after in
            let own = groups.filter { $0.layers.contains(layer.name) }
            return Layer(
                name: layer.name, channels_before: layer.channels, channels_after: after,
                saliency_at_cut: own.map(\.smallestKept),
                macs_before: macs[layer.name] ?? 0)
        }
        fixed = dependencies.fixed.map { Fixed(layer: $0.layer, channels: $0.channels, reason: $0.reason) }
        pruned = dependencies.prunedChannels(choice.mask)
        self.groups = groups
    }

    /// The curves as a table for spreadsheets: a line for each channel group, in the order of its saliency.
    public var csv: String {
        let rows = groups.flatMap { group in
            group.saliencies.enumerated().map { rank, value in
                "\"\(group.layers.joined(separator: " "))\",\(rank),\(value),\(group.is_pruned[rank] ? 1 : 0)"
            }
        }
        return (["layers,rank,saliency,pruned"] + rows).joined(separator: "\n") + "\n"
    }
}

extension PruningReport: CustomStringConvertible {
    public var description: String {
        var table = TextTable(header: ["layer", "channels", "kept", "saliency at the cut"])
        for layer in layers {
            let cuts = layer.saliency_at_cut.map { $0.map { String(format: "%.4g", $0) } ?? "-" }
            table.add([
                "\(layer.name)", "\(layer.channels_before)", "\(layer.channels_after)", cuts.joined(separator: " "),
            ])
        }
        var lines = [table.description]
        if !fixed.isEmpty {
            lines.append("")
            lines += fixed.map { "\($0.layer) keeps its \($0.channels) channels: \($0.reason)" }
        }
        lines += ["", totals.description]
        if let file { lines.append(file) }
        return lines.joined(separator: "\n")
    }

    private var totals: TextTable {
        var table = TextTable(header: ["", "before", "after", ""])
        func add(_ name: String, _ before: String?, _ after: String?, _ factor: Double?) {
            guard let before, let after else { return }
            table.add([name, before, after, factor.map { String(format: "%.2fx less", $0) } ?? ""])
        }
        func factor(_ before: Double?, _ after: Double?) -> Double? {
            guard let before, let after, after > 0 else { return nil }
            return before / after
        }
        add("MACs", "\(before.macs)", "\(after.macs)", factor(Double(before.macs), Double(after.macs)))
        add(
            "parameters", "\(before.parameters)", "\(after.parameters)",
            factor(Double(before.parameters), Double(after.parameters)))
        add(
            "weight file", before.weight_bytes.map { "\(ByteCount($0))" },
            after.weight_bytes.map { "\(ByteCount($0))" },
            factor(before.weight_bytes.map(Double.init), after.weight_bytes.map(Double.init)))
        func number(_ value: Double?, _ format: String) -> String? { value.map { String(format: format, $0) } }
        add(
            "latency", number(before.latency_ms, "%.3f ms"), number(after.latency_ms, "%.3f ms"),
            factor(before.latency_ms, after.latency_ms))
        add("loss on samples", number(before.loss, "%.4f"), number(after.loss, "%.4f"), nil)
        add(
            "right on samples", number(before.accuracy.map { $0 * 100 }, "%.2f %%"),
            number(after.accuracy.map { $0 * 100 }, "%.2f %%"), nil)
        return table
    }
}
