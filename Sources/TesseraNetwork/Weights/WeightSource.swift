import TesseraCore

/// Where the weights of a network come from.
public enum WeightSource: Sendable {
    /// A safetensors file with tensors named `LAYER.parameter`.
    case file(String)
    /// Drawn at random, the same for the same seed: each tensor depends on the seed and its own name alone.
    case random(seed: Int)
    /// Tensors by name: `LAYER.parameter`.
    case tensors([String: Tensor])
    /// The network does not say. Fine as long as no layer wants any.
    case none

    /// What `weights:` takes in a network file.
    static var schema: ConfigurationSchema {
        .either([.text, ConfigurationSchema(RandomWeightsDeclaration.self), .null])
    }

    /// What `weights:` says in a network file: a path relative to that file, or `{random: SEED}`.
    init(configuration: Configuration?, relativeTo file: String) throws {
        guard let configuration, !configuration.isNull else {
            self = .none
            return
        }
        self = try nestingErrors(path: "weights", at: configuration.location) {
            switch configuration.content {
            case .string(let path):
                return .file(PathComponents.resolve(path, relativeTo: file))
            case .map: return .random(seed: try RandomWeightsDeclaration(configuration: configuration).random)
            default: throw configuration.unexpected("a file name or {random: SEED}")
            }
        }
    }
}

/// `{random: 7}`.
private struct RandomWeightsDeclaration: Configurable {
    var random = 0

    static var keys: [Key<Self>] { [Key(required: "random", \.random, "the seed")] }
}
