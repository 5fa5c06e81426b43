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
                guard let tile, let cost, cost.pointee.size >= UInt32(MemoryLayout<tessera_tile_cost>.size) else {
                    throw TesseraError(
                        .invalidArgument,
                        "expected a tile, and a cost whose size is set to at least \(MemoryLayout<tessera_tile_cost>.size)"
                    )
                }
                let (made, seconds) = try planner.cost(of: tile.pointee)
                cost.pointee.multiply_accumulates = Int64(
                    made.convolutionMultiplyAccumulates(in: planner.span.graph.graph))
                cost.pointee.input_byte_count = Int64(made.inputByteCount)
                cost.pointee.output_byte_count = Int64(made.outputByteCount)
                cost.pointee.seconds = seconds
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
