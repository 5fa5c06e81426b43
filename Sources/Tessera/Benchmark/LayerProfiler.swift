import Foundation
import TesseraCore
import TesseraNetwork
import TesseraPartition
import TesseraRuntime

/// Measures every layer of a network on this machine, whole and as the parts that strips of its maps make of it: what the cost
/// model needs to know of a device.
public struct LayerProfiler: Sendable {
    /// Threads and precision.
    public var options: CompileOptions
    /// How long all measurements take together, about. Every layer is measured several times at the least.
    public var seconds: Double
    /// Whether layers are merged first, see `Network.folded`.
    public var fold = true

    /// Into how many strips maps are cut, besides not at all.
    static let parts = [2, 4, 8]

    public init(options: CompileOptions = CompileOptions(), seconds: Double = 10) {
        (self.options, self.seconds) = (options, seconds)
    }

    /// - Parameter inputs: the shape of every input that leaves sizes open.
    /// - Throws: `invalidArgument` for times that make no sense, and what compiling and running throw.
    public func measure(
        _ network: Network, inputs: [String: Shape], backend: any KernelBackend
    ) throws -> DeviceProfile {
        guard seconds.isFinite, (0...86_400).contains(seconds) else {
            throw TesseraError(.invalidArgument, "expected 0 to 86400 seconds, found \(seconds)")
        }
        let graph = try (fold ? network.folded() : network).bound(inputs: inputs)
        var options = options
        options.precision = try options.precision.resolved(in: graph.graph)
        let share = seconds / Double(Self.parts.count + 1)
        let whole = try measure([Subject(network: graph, tile: nil)], backend, options, seconds: share)
        let copies = Dictionary(
            whole.flatMap(\.profile.layers).map { ($0.layer, $0.copies) }, uniquingKeysWith: { first, _ in first })
        func entries(_ measured: [(subject: Subject, profile: NetworkProfile)]) -> [DeviceProfile.Entry] {
            measured.flatMap { self.entries(of: $0.subject, $0.profile, copies: copies, in: graph) }
        }
        let strips = try Self.parts.flatMap { count in
            try entries(measure(self.strips(of: graph, count), backend, options, seconds: share))
        }
        return DeviceProfile(
            machine: Self.machine, backend: backend.name, instructionSet: backend.instructionSet,
            threads: options.threads, network: network.name, entries: entries(whole) + strips)
    }

    /// Something to run: the network, or a tile of a few of its layers.
    private struct Subject {
        let network: BoundGraph
        let tile: Tile?
    }

    /// The middle strip, of so many, of every stage of a plan that is cut before every layer that does arithmetic: a pooling by
    /// itself would be measured in a layout of its input that it seldom finds.
    private func strips(of graph: BoundGraph, _ count: Int) throws -> [Subject] {
        let readers = graph.graph.soleReaders
        let macs = graph.multiplyAccumulates
        let span = try Span(graph)
        let cuts = span.usefulCutPoints.filter { $0 == span.output || readers[$0].map { macs[$0] > 0 } ?? true }
        let choices = cuts.map { value in
            let whole = Region(whole: graph.shapes[value])
            let rows = whole[2].divided(into: min(count, whole[2].count))
            return StageChoice(
                output: value,
                tiles: rows.enumerated().map { TileChoice(node: $0, region: whole.replacing(axis: 2, with: $1)) })
        }
        return try Plan(graph, nodes: count, choices: choices, strategy: "strips").stages
            .filter { $0.tiles.count == count }
            .map { stage in
                let tile = stage.tiles[count / 2]
                return Subject(network: try tile.network(in: graph), tile: tile)
            }
    }

    /// Runs all of them in turn, again and again: as in an inference, weights come from memory then, and not from a cache that a run
    /// just before has filled.
    private func measure(
        _ subjects: [Subject], _ backend: any KernelBackend, _ options: CompileOptions, seconds: Double
    ) throws -> [(subject: Subject, profile: NetworkProfile)] {
        let sessions = try subjects.map { try Session($0.network, backend: backend, options: options) }
        let inputs = try subjects.map { subject in
            try Dictionary(
                uniqueKeysWithValues: subject.network.graph.inputs.map { input in
                    let shape = subject.network.shapes[input.value]
                    return (input.name, try Network.randomTensor(shape, input.elementType, named: input.name))
                })
        }
        let runs = try Benchmark(seconds: seconds).profile(Array(zip(sessions, inputs)))
        return zip(subjects, zip(sessions, runs)).map { subject, measured in
            (subject, NetworkProfile(measured.0, options: options, runs: measured.1))
        }
    }

    /// - Parameter copies: the milliseconds of the copies for each layer in the whole network. A layer of a tile takes its
    ///   part of them: most of what is copied in a tile of one layer gets into it and out of it, which is no cost of the
    ///   layer, see `CostModel.seconds(handling:at:)`. Padding that only a narrow map has to have in memory is left out with
    ///   that.
    private func entries(
        of subject: Subject, _ profile: NetworkProfile, copies: [String: Double], in graph: BoundGraph
    ) -> [DeviceProfile.Entry] {
        let layers = Dictionary(
            profile.layers.map { ($0.layer, $0) }, uniquingKeysWith: { first, _ in first })
        let merged = Set(profile.layers.flatMap(\.merged))
        var entries: [DeviceProfile.Entry] = []
        for (id, node) in graph.graph.nodes.enumerated() where !(node.op is Constant) {
            let region: Region?
            if let tile = subject.tile {
                region = tile.layers.first { $0.node == id && $0.output == 0 }?.region
            } else {
                region = Region(whole: graph.shapes[node.outputs[0]])
            }
            let layer = layers[node.name]
            // What is computed within another layer takes no time of its own.
            guard let region, layer != nil || merged.contains(node.name) else { continue }
            let part = Double(region.elementCount) / Double(max(graph.shapes[node.outputs[0]].elementCount, 1))
            // What is computed within another layer of the whole network is not listed there.
            let copied = layer.map { layer in copies[node.name].map { $0 * part } ?? layer.copies } ?? 0
            entries.append(
                DeviceProfile.Entry(
                    signature: CostModel.signature(of: node, in: graph), operatorName: node.op.name,
                    output: region.ranges.map(\.count), multiplyAccumulates: layer?.multiplyAccumulates ?? 0,
                    seconds: ((layer?.milliseconds ?? 0) + copied) / 1e3))
        }
        return entries
    }

    /// What this machine calls its processor, or the machine's own name.
    private static var machine: String {
        let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
        let model = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
        return model.map { $0.trimmingCharacters(in: .whitespaces) } ?? ProcessInfo.processInfo.hostName
    }
}
