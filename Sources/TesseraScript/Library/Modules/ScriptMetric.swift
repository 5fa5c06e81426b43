import Tessera

/// A saliency metric that is a Lua function.
struct ScriptMetric: SaliencyMetric {
    var module: ScriptModule
    /// The metric's further options.
    var options: Configuration

    func saliencies(in context: SaliencyContext) throws -> [[Double]] {
        try context.dependencies.groups.map { group in
            let results = try module.call([
                .table(try ScriptTable(group, in: context)), .table(try module.values(of: options)),
            ])
            return try locatingErrors(within: module.title) {
                guard case .table = results.first ?? .nil else {
                    throw TesseraError(
                        .invalidArgument,
                        "expected a list of \(group.channels.count) numbers as the result, got \((results.first ?? .nil).kind)"
                    )
                }
                return try results[0].requireArray { try $0.requireNumber() }
            }
        }
    }
}

extension ScriptRecord {
    static var channelGroup: ScriptRecord {
        ScriptRecord(
            "ChannelGroup",
            "Channels that compete with each other, of which some are pruned: what the function of a saliency metric gets.",
            fields: [
                Field("name", "string", "What reports call the group."),
                Field("layers", "string[]", "The names of the layers that make the channels."),
                Field(
                    "channels", "{kernels: Tensor, biases: Tensor, scales: Tensor, readers: Tensor}[]",
                    "The weights of each channel, in lists: those that make it, its biases, its normalizations' factors, and those "
                        + "of later layers that read it."),
            ])
    }
}

extension ScriptTable {
    /// What a metric gets to see of the channels that compete with each other.
    fileprivate init(_ group: DependencyGroup, in context: SaliencyContext) throws {
        func weights(_ channel: ChannelGroup, _ roles: Set<ParameterSlice.Role>) throws -> ScriptValue {
            let values = try context.values(of: channel, roles: roles)
            return .object(ScriptTensor(try Tensor(values, shape: [values.count])))
        }
        self.init(entries: [
            "name": .string(group.name),
            "layers": .table(ScriptTable(array: group.layers.map(ScriptValue.string))),
            "channels": .table(
                ScriptTable(
                    array: try group.channels.map { channel in
                        [
                            "kernels": try weights(channel, [.kernel]), "biases": try weights(channel, [.bias]),
                            "scales": try weights(channel, [.scale]), "readers": try weights(channel, [.reader]),
                        ]
                    })),
        ])
    }
}
