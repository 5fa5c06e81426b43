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
        var subjects = [Subject(network: graph, tile: nil)]
        for part in Self.parts { subjects += try strips(of: graph, part) }
        // What is whole takes longest, and is nearly all that a device by itself is judged by.
        let share = seconds / Double(Self.parts.count + 1)
        let each = share * Double(Self.parts.count) / Double(max(subjects.count - 1, 1))
        var entries: [DeviceProfile.Entry] = []
        for subject in subjects {
            entries += try measure(
                subject, in: graph, backend: backend, options: options,
                seconds: subject.tile == nil ? share : each)
        }
        return DeviceProfile(
            machine: Self.machine, backend: backend.name, instructionSet: backend.instructionSet,
            threads: options.threads, network: network.name, entries: entries)
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

    private func measure(
        _ subject: Subject, in graph: BoundGraph, backend: any KernelBackend, options: CompileOptions,
        seconds: Double
    ) throws -> [DeviceProfile.Entry] {
        let session = try Session(subject.network, backend: backend, options: options)
        var tensors: [String: Tensor] = [:]
        for input in subject.network.graph.inputs {
            tensors[input.name] = try Network.randomTensor(
                subject.network.shapes[input.value], input.elementType, named: input.name)
        }
        let runs = try Benchmark(seconds: seconds).profile(session, tensors)
        let profile = NetworkProfile(session, options: options, runs: runs)
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
            entries.append(
                DeviceProfile.Entry(
                    signature: CostModel.signature(of: node, in: graph), operatorName: node.op.name,
                    output: region.ranges.map(\.count), multiplyAccumulates: layer?.multiplyAccumulates ?? 0,
                    seconds: ((layer?.milliseconds ?? 0) + (layer?.copies ?? 0)) / 1e3))
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
