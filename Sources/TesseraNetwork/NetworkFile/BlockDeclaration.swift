import TesseraCore

/// Layers that are written once and used by name, with parameters:
///
/// ```yaml
/// blocks:
///   basic:
///     params: {channels: , stride: 1}
///     layers:
///       - conv: {name: conv, channels: "{channels}", kernel: 3, stride: "{stride}", padding: 1}
///       - relu
/// ```
struct BlockDeclaration {
    private struct Parameter {
        var name: String
        /// Nil for one that must be given.
        var fallback: Configuration?
    }

    static var keys: [KeyDescription] { BlockKeys.keys.map(\.description) }

    let name: String
    /// What the layers inside call what the block reads.
    let inputs: [String]
    let layers: Configuration
    private let parameters: [Parameter]

    /// - Throws: `invalidArgument` at the place of what is wrong.
    init(_ name: String, _ configuration: Configuration) throws {
        let keys = try BlockKeys(configuration: configuration)
        self.name = name
        inputs = keys.inputs
        layers = keys.layers
        parameters = try nestingErrors(path: "params", at: keys.params.location) { try Self.parameters(keys.params) }
        _ = try locatingErrors(path: "layers") { try layers.elements(expecting: "a list of layers") }
    }

    private static func parameters(_ configuration: Configuration) throws -> [Parameter] {
        var parameters: [Parameter] = []
        func add(_ name: String, _ fallback: Configuration?, at location: SourceLocation?) throws {
            try locatingErrors(at: location) {
                try TemplateScope.checkName(name)
                guard !CommonKeys.names.contains(name) else {
                    throw TesseraError(.invalidArgument, "'\(name)' is a key of every layer")
                }
                guard !parameters.contains(where: { $0.name == name }) else {
                    throw TesseraError(.invalidArgument, "the parameter '\(name)' is declared twice")
                }
                parameters.append(Parameter(name: name, fallback: fallback))
            }
        }
        switch configuration.content {
        case .null: break
        case .map(let entries):
            for entry in entries { try add(entry.key, entry.value.isNull ? nil : entry.value, at: entry.keyLocation) }
        default:
            for element in try configuration.elements(
                expecting: "a list of names, or a map from names to defaults, such as {channels: , stride: 1}")
            {
                try add(String(configuration: element), nil, at: element.location)
            }
        }
        return parameters
    }

    /// The variables that a use of the block gives to what is inside.
    ///
    /// - Parameter arguments: what stands beside `name` and `from` where the block is used, or a lone value for the first
    ///   parameter.
    /// - Throws: `invalidArgument` for an unknown or missing parameter.
    func scope(_ arguments: Configuration, budget: inout ExpansionBudget) throws -> TemplateScope {
        var given: [Configuration.Entry] = []
        switch arguments.content {
        case .null: break
        case .map(let entries): given = entries
        default:
            guard let first = parameters.first else { throw arguments.unexpected("nothing, or a map of keys") }
            given = [Configuration.Entry(first.name, arguments)]
        }
        let names = parameters.map(\.name)
        for entry in given where !names.contains(entry.key) {
            throw TesseraError(
                .invalidArgument,
                "unknown key '\(entry.key)'" + suggestion(for: entry.key, among: names + CommonKeys.names),
                location: entry.keyLocation ?? arguments.location)
        }
        var scope = TemplateScope()
        for parameter in parameters {
            if let value = given.first(where: { $0.key == parameter.name })?.value {
                scope = scope.with(parameter.name, value)
            } else if let fallback = parameter.fallback {
                scope = scope.with(parameter.name, try scope.expand(fallback, budget: &budget))
            } else {
                throw TesseraError(
                    .invalidArgument, "missing key '\(parameter.name)', a parameter of the block",
                    location: arguments.location)
            }
        }
        return scope
    }
}

private struct BlockKeys: Configurable {
    var params = Configuration(.null)
    var inputs = ["input"]
    var layers = Configuration(.null)

    static var keys: [Key<Self>] {
        [
            Key("params", \.params, "the parameters' names, or a map from names to defaults"),
            Key("inputs", \.inputs, "what the layers inside call what the block reads"),
            Key(required: "layers", \.layers, "the layers; the last one's output is the block's"),
        ]
    }

    func validate() throws {
        guard !inputs.isEmpty, Set(inputs).count == inputs.count, inputs.allSatisfy(TemplateExpression.isName) else {
            throw TesseraError(
                .invalidArgument, "expected different names of letters, digits and _, found \(inputs)", path: "inputs")
        }
    }
}
