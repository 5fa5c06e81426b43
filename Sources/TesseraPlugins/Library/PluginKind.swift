import CTesseraPlugin

/// What a library can bring.
public enum PluginKind: Int32, Sendable, CaseIterable {
    case strategy = 1
    case metric = 2
    case transport = 3
    case codec = 4
    case `operator` = 5

    /// The kind in words, as registries call it.
    public var description: String {
        switch self {
        case .strategy: "partition strategy"
        case .metric: "saliency metric"
        case .transport: "transport"
        case .codec: "weight codec"
        case .operator: "layer"
        }
    }
}
