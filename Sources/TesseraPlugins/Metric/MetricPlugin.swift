import CTesseraPlugin
import TesseraCore
import TesseraPruning

/// A saliency metric of a library.
struct MetricPlugin: SaliencyMetric {
    private let library: PluginLibrary
    private let options: PluginOptionValues

    init(_ library: PluginLibrary, _ options: PluginOptionValues) { (self.library, self.options) = (library, options) }

    var isComparable: Bool { library.functions(tessera_metric.self).is_comparable != 0 }

    func saliencies(in context: SaliencyContext) throws -> [[Double]] {
        guard let saliencies = library.functions(tessera_metric.self).saliencies else { return [] }
        return try context.dependencies.groups.map { group in
            let memory = PluginMemory()
            let shown = memory.one(try Self.show(group, in: context, memory), named: "group")
            // What a library forgets to write is no number, which is noticed.
            var values = [Double](repeating: .nan, count: group.channels.count)
            try withExtendedLifetime((memory, options)) {
                try values.withUnsafeMutableBufferPointer { values in
                    try memory.filling(values, named: "saliencies") { values in
                        try library.call("saliencies") { saliencies(options.handle, shown, values, $0) }
                    }
                }
            }
            return values
        }
    }

    private static func show(
        _ group: DependencyGroup, in context: SaliencyContext, _ memory: PluginMemory
    ) throws -> tessera_channel_group {
        func weights(_ channel: ChannelGroup, _ role: ParameterSlice.Role, _ name: String) throws -> tessera_weights {
            let values = try context.values(of: channel, roles: [role])
            return tessera_weights(values: memory.array(values, named: "\(name).values"), count: values.count)
        }
        let channels = try group.channels.map { channel in
            tessera_channel(
                size: UInt32(MemoryLayout<tessera_channel>.size), kernels: try weights(channel, .kernel, "kernels"),
                biases: try weights(channel, .bias, "biases"), scales: try weights(channel, .scale, "scales"),
                readers: try weights(channel, .reader, "readers"))
        }
        return tessera_channel_group(
            size: UInt32(MemoryLayout<tessera_channel_group>.size), name: memory.text(group.name),
            layer_count: UInt32(group.layers.count),
            layers: memory.array(group.layers.map { Optional(memory.text($0)) }, named: "layers"),
            channel_count: UInt32(channels.count), channels: memory.pointers(channels, named: "channels"))
    }
}
