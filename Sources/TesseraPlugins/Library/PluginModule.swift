import TesseraCluster
import TesseraCompression
import TesseraCore
import TesseraPartition
import TesseraPruning

/// What a library brings, ready to be registered.
public enum PluginModule: Sendable {
    case strategy(Module<any PartitionStrategy>)
    case metric(Module<any SaliencyMetric>)
    case transport(Module<any TransportFactory>)
    case codec(Module<any WeightCodec>)
    case `operator`(Module<any Operator>)
}

extension PluginLibrary {
    /// The module, under the library's name. Its source is the library's path.
    public var module: PluginModule {
        switch kind {
        case .strategy: .strategy(module { StrategyPlugin(self, $0) })
        case .metric: .metric(module { MetricPlugin(self, $0) })
        case .transport: .transport(module { PluginTransportFactory(self, $0) })
        case .codec: .codec(module { CodecPlugin(self, $0) })
        case .operator: .operator(operatorModule(PluginSlots.slot(of: self)))
        }
    }

    private func operatorModule<Slot: PluginSlot>(_ slot: Slot.Type) -> Module<any Operator> {
        Module(
            name: name, summary: summary, source: path, keys: OperatorPlugin<Slot>.keys.map(\.description),
            type: OperatorPlugin<Slot>.self
        ) { try OperatorPlugin<Slot>(configuration: $0) }
    }
}
