import TesseraCore

extension Precision: ConfigurationChoice {}

/// `bf16`, or `{base: f16, layers: {NAME: f32}}`.
extension PrecisionChoice: ConfigurationValue {
    public init(configuration: Configuration) throws {
        if case .map = configuration.content {
            let map = try PrecisionMap(configuration: configuration)
            self.init(map.base, layers: map.layers.precisions)
        } else {
            self.init(try Precision(configuration: configuration))
        }
    }

    public var configuration: Configuration {
        guard !layers.isEmpty else { return base.configuration }
        return PrecisionMap(base: base, layers: LayerPrecisions(precisions: layers)).configuration
    }

    public static var typeDescription: String { "\(Precision.typeDescription), or a map of those of single layers" }
    public static var schema: ConfigurationSchema {
        .either([Precision.schema, ConfigurationSchema(PrecisionMap.self)])
    }
}

private struct PrecisionMap: Configurable {
    var base = Precision.f32
    var layers = LayerPrecisions(precisions: [:])

    static var keys: [Key<Self>] {
        [
            Key("base", \.base, "the precision of all layers that are not named"),
            Key("layers", \.layers, "the precision of single layers, by name"),
        ]
    }
}

private struct LayerPrecisions: ConfigurationValue, Equatable {
    var precisions: [String: Precision]

    init(precisions: [String: Precision]) { self.precisions = precisions }

    init(configuration: Configuration) throws {
        precisions = [:]
        for entry in try configuration.entries(expecting: "a map of layers to precisions") {
            guard precisions[entry.key] == nil else {
                throw TesseraError(
                    .invalidArgument, "a precision is given for '\(entry.key)' twice", location: entry.keyLocation)
            }
            precisions[entry.key] = try locatingErrors(path: entry.key, at: entry.value.location) {
                try Precision(configuration: entry.value)
            }
        }
    }

    var configuration: Configuration {
        .map(precisions.sorted { $0.key < $1.key }.map { ($0.key, $0.value.configuration) })
    }
    static var typeDescription: String { "map of layers to precisions" }
    static var schema: ConfigurationSchema { .entries(Precision.schema) }
}
