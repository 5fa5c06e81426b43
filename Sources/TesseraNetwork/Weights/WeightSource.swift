import TesseraCore

/// Where the weights of a network come from.
public enum WeightSource: Sendable, Equatable {
    /// A safetensors file with tensors named `LAYER.parameter`.
    case file(String)
    /// Drawn at random, the same for the same seed: each tensor depends on the seed and its own name alone.
    case random(seed: Int)
    /// Tensors by name: `LAYER.parameter`.
    case tensors([String: Tensor])
    /// The network does not say. Fine as long as no layer wants any.
    case none

    /// What `weights:` says in a network file: a path relative to that file, or `{random: SEED}`.
    init(configuration: Configuration?, relativeTo file: String) throws {
        guard let configuration, !configuration.isNull else {
            self = .none
            return
        }
        self = try nestingErrors(path: "weights", at: configuration.location) {
            try WeightSource(configuration: configuration).resolved { PathComponents.resolve($0, relativeTo: file) }
        }
    }

    /// With another path, if it has one.
    public func resolved(_ resolve: (String) -> String) -> WeightSource {
        if case .file(let path) = self { .file(resolve(path)) } else { self }
    }
}

/// A path, or `{random: SEED}`.
extension WeightSource: ConfigurationValue {
    public static let typeDescription = "a file name or {random: SEED}"
    public static var schema: ConfigurationSchema {
        .either([.text, ConfigurationSchema(RandomWeightsDeclaration.self), .null])
    }

    public init(configuration: Configuration) throws {
        switch configuration.content {
        case .string(let path): self = .file(path)
        case .map: self = .random(seed: try RandomWeightsDeclaration(configuration: configuration).random)
        default: throw configuration.unexpected(Self.typeDescription)
        }
    }

    /// Null for what no file can say.
    public var configuration: Configuration {
        switch self {
        case .file(let path): path.configuration
        case .random(let seed): Configuration(.map([.init("random", seed.configuration)]))
        case .tensors, .none: Configuration(.null)
        }
    }
}

/// `{random: 7}`.
private struct RandomWeightsDeclaration: Configurable {
    var random = 0

    static var keys: [Key<Self>] { [Key(required: "random", \.random, "the seed")] }
}
