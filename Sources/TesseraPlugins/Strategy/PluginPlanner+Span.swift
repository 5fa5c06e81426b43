import CTesseraPlugin
import TesseraCore
import TesseraPartition

extension PluginPlanner {
    /// What a strategy gets to see, as long as `memory` lives.
    ///
    /// - Throws: `shapeMismatch` for a network whose values have more axes than the interface of plugins.
    func show(_ memory: PluginMemory) throws -> tessera_span {
        func numbers(_ values: [Int], _ name: String) -> UnsafePointer<UInt32> {
            memory.array(values.map(UInt32.init), named: name)
        }
        let values = try self.values(memory)
        let layers = self.shownLayers(memory)
        let devices = shownDevices(memory)
        let inputs = span.graph.graph.inputs.map(\.value)
        return tessera_span(
            size: UInt32(MemoryLayout<tessera_span>.size), value_count: UInt32(values.count),
            values: memory.pointers(values, named: "values"), layer_count: UInt32(layers.count),
            layers: memory.pointers(layers, named: "layers"),
            input_count: UInt32(inputs.count), inputs: numbers(inputs, "inputs"),
            cut_point_count: UInt32(span.cutPoints.count), cut_points: numbers(span.cutPoints, "cut_points"),
            later_cut_point_count: UInt32(span.laterCutPoints.count),
            later_cut_points: numbers(span.laterCutPoints, "later_cut_points"),
            node_count: UInt32(model.cluster.nodes.count), device_count: UInt32(devices.count),
            devices: memory.pointers(devices, named: "devices"), leader: UInt32(model.cluster.leaderEndpoint),
            reserved: 0)
    }

    private func values(_ memory: PluginMemory) throws -> [tessera_value] {
        let graph = span.graph.graph
        return try graph.values.enumerated().map { id, value in
            var kind: UnsafePointer<CChar>?
            if let producer = value.producer { kind = memory.text(graph.nodes[producer].op.name) }
            return tessera_value(
                size: UInt32(MemoryLayout<tessera_value>.size), name: memory.text(value.name), kind: kind,
                shape: try locatingErrors(path: value.name) { try span.graph.shapes[id].shown() },
                byte_count: Int64(span.graph.byteCount(of: id)))
        }
    }

    private func shownLayers(_ memory: PluginMemory) -> [tessera_layer] {
        let macs = span.graph.multiplyAccumulates
        return layers.map { id in
            let node = span.graph.graph.nodes[id]
            return tessera_layer(
                size: UInt32(MemoryLayout<tessera_layer>.size), name: memory.text(node.name),
                kind: memory.text(node.op.name), input_count: UInt32(node.inputs.count),
                inputs: memory.array(node.inputs.map(UInt32.init), named: "inputs of a layer"),
                output: UInt32(node.outputs.first ?? 0),
                multiply_accumulates: Int64(macs[id]), weight_byte_count: Int64(model.weightByteCount(of: id)))
        }
    }

    private func shownDevices(_ memory: PluginMemory) -> [tessera_device] {
        (0..<model.cluster.endpointCount).map { endpoint in
            let device = model.cluster.device(at: endpoint)
            return tessera_device(
                size: UInt32(MemoryLayout<tessera_device>.size), name: memory.text(device.name),
                multiply_accumulates_per_second: device.multiplyAccumulatesPerSecond,
                memory_bandwidth: device.memoryBandwidth, speed: device.speed, memory: device.memory ?? .infinity)
        }
    }
}
