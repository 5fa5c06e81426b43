import CTesseraPlugin
import TesseraCore

extension PluginHost {
    /// What strategies may call.
    static func addPlanning(to host: inout tessera_host) {
        host.begin_stage = { planner, value, error in
            PluginFailure.guarding(error) { try PluginPlanner.at(planner).beginStage(value) }
        }
        host.add_tile = { planner, node, region, error in
            PluginFailure.guarding(error) { try PluginPlanner.at(planner).addTile(node, region) }
        }
        host.add_note = { planner, text in
            guard let text else { return }
            try? PluginPlanner.at(planner).addNote(String(cString: text))
        }
        host.tile_cost = { planner, tile, cost, error in
            PluginFailure.guarding(error) {
                let planner = try PluginPlanner.at(planner)
                let tile = try GrowingStructure.read(
                    tessera_tile.self, at: tile, first: FirstLayout.tile, "a tile with its size")
                var result = try GrowingStructure.read(
                    tessera_tile_cost.self, at: cost, first: FirstLayout.tileCost, "a cost with its size")
                let (made, seconds) = try planner.cost(of: tile)
                result.multiply_accumulates = Int64(
                    made.convolutionMultiplyAccumulates(in: planner.span.graph.graph))
                result.input_byte_count = Int64(made.inputByteCount)
                result.output_byte_count = Int64(made.outputByteCount)
                result.seconds = seconds
                GrowingStructure.write(result, to: cost, size: Int(result.size))
            }
        }
        host.layer_seconds = { planner, layers, count, device in
            guard let planner = try? PluginPlanner.at(planner) else { return .nan }
            return planner.seconds(
                ofLayers: UnsafeBufferPointer(start: layers, count: layers == nil ? 0 : Int(count)), at: device)
        }
        host.transfer_seconds = { planner, bytes, source, destination in
            guard let planner = try? PluginPlanner.at(planner) else { return .nan }
            return planner.seconds(ofTransfer: bytes, from: source, to: destination)
        }
    }
}
