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
            var shown = try Self.show(group, in: context, memory)
            // What a library forgets to write is no number, which is noticed.
            var values = [Double](repeating: .nan, count: group.channels.count)
            try withExtendedLifetime((memory, options)) {
                try library.call("saliencies") { error in
                    values.withUnsafeMutableBufferPointer {
                        saliencies(options.handle, &shown, $0.baseAddress, error)
                    }
                }
            }
            return values
        }
    }

    private static func show(
        _ group: DependencyGroup, in context: SaliencyContext, _ memory: PluginMemory
    ) throws -> tessera_channel_group {
        func weights(_ channel: ChannelGroup, _ role: ParameterSlice.Role) throws -> tessera_weights {
            let values = try context.values(of: channel, roles: [role])
            return tessera_weights(values: memory.array(values), count: values.count)
        }
        let channels = try group.channels.map { channel in
            tessera_channel(
                size: UInt32(MemoryLayout<tessera_channel>.size), kernels: try weights(channel, .kernel),
                biases: try weights(channel, .bias), scales: try weights(channel, .scale),
                readers: try weights(channel, .reader))
        }
        return tessera_channel_group(
            size: UInt32(MemoryLayout<tessera_channel_group>.size), name: memory.text(group.name),
            layer_count: UInt32(group.layers.count),
            layers: memory.array(group.layers.map { Optional(memory.text($0)) }),
            channel_count: UInt32(channels.count), channels: memory.pointers(channels))
    }
}
