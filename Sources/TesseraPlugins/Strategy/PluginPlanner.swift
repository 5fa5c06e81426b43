import CTesseraPlugin
import TesseraCore
import TesseraPartition

/// What a library's strategy decides, and what it asks on the way. Used by one call, on one thread.
final class PluginPlanner {
    let span: Span
    let model: CostModel
    /// The layers that a strategy sees, in order of execution.
    let layers: [Graph.NodeID]
    private(set) var decision = PartitionDecision(stages: [])

    init(_ span: Span, on cluster: ClusterProfile) {
        self.span = span
        model = CostModel(span.graph, on: cluster)
        layers = span.allCutPoints.last.map { span.layers(making: $0, from: []) } ?? []
    }

    var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    static func at(_ handle: OpaquePointer?) throws -> PluginPlanner {
        guard let handle else { throw TesseraError(.invalidArgument, "expected a planner, found null") }
        return Unmanaged<PluginPlanner>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    func beginStage(_ value: UInt32) throws {
        decision.stages.append(StageChoice(output: try cutPoint(value), tiles: []))
    }

    func addTile(_ node: UInt32, _ region: UnsafePointer<tessera_region>?) throws {
        guard let last = decision.stages.indices.last else {
            throw TesseraError(.invalidArgument, "expected a stage to begin before its tiles")
        }
        let output = decision.stages[last].output
        let region = try self.region(region, of: output)
        guard !region.isEmpty else { return }
        decision.stages[last].tiles.append(TileChoice(node: try self.node(node), region: region))
    }

    func addNote(_ text: String) { decision.notes.append(text) }

    func cost(of tile: tessera_tile) throws -> (tile: Tile, seconds: Double) {
        let output = try cutPoint(tile.value)
        var available: Set<Graph.ValueID> = []
        for index in 0..<Int(tile.available_count) {
            guard let values = tile.available else {
                throw TesseraError(.invalidArgument, "expected \(tile.available_count) values, found null")
            }
            available.insert(try cutPoint(values[index]))
        }
        let layers = span.layers(making: output, from: available.subtracting([output]))
        let region = try withUnsafePointer(to: tile.region) { try self.region($0, of: output) }
        guard !region.isEmpty else {
            throw TesseraError(.invalidArgument, "expected a region that is not empty, found \(region)")
        }
        let made = try span.tile(region, of: output, layers: layers, on: node(tile.node))
        return (made, model.seconds(of: made))
    }

    func seconds(ofLayers indices: UnsafeBufferPointer<UInt32>, at device: UInt32) -> Double {
        guard indices.count <= layers.count else { return .nan }
        let ids = indices.compactMap { layers.indices.contains(Int($0)) ? layers[Int($0)] : nil }
        guard ids.count == indices.count, Int(device) < model.cluster.endpointCount else { return .nan }
        return model.seconds(ofWhole: ids.sorted(), at: Int(device))
    }

    func seconds(ofTransfer bytes: Int64, from source: UInt32, to destination: UInt32) -> Double {
        let count = model.cluster.endpointCount
        guard bytes >= 0, Int(source) < count, Int(destination) < count else { return .nan }
        return model.seconds(ofTransfer: Int(bytes), from: Int(source), to: Int(destination))
    }

    private func cutPoint(_ value: UInt32) throws -> Graph.ValueID {
        guard span.allCutPoints.contains(Int(value)) else {
            let graph = span.graph.graph
            let name = graph.values.indices.contains(Int(value)) ? " ('\(graph.values[Int(value)].name)')" : ""
            throw TesseraError(
                .invalidArgument, "expected a value at which the network can be cut, found value \(value)\(name)")
        }
        return Int(value)
    }

    private func node(_ node: UInt32) throws -> Int {
        guard Int(node) < model.cluster.nodes.count else {
            throw TesseraError(
                .invalidArgument, "expected a node from 0 to \(model.cluster.nodes.count - 1), found \(node)")
        }
        return Int(node)
    }

    private func region(_ region: UnsafePointer<tessera_region>?, of value: Graph.ValueID) throws -> Region {
        guard let region else { throw TesseraError(.invalidArgument, "expected a region, found null") }
        return try locatingErrors(path: "a tile of '\(span.graph.graph.values[value].name)'") {
            try Region(shown: region.pointee, within: span.graph.shapes[value])
        }
    }
}
