import TesseraCore

/// Reads network files.
///
/// ```yaml
/// tessera: 1
/// inputs: {image: {shape: [1, 1, height, width]}}
/// weights: {random: 7}
/// layers:
///   - conv: {name: conv0, channels: 64, kernel: 3, padding: same}
///   - relu
/// outputs: [relu1]
/// ```
public struct NetworkLoader: Sendable {
    /// The version of the format that is read.
    public static let version = 1
    private static let keys = ["tessera", "name", "inputs", "weights", "layers", "outputs"]

    public let operators: Registry<any Operator>

    public init(operators: Registry<any Operator>) { self.operators = operators }

    /// The network in a file.
    ///
    /// - Parameter weights: takes the place of the network's own.
    /// - Throws: what is wrong, at its `file:line:column`; several independent errors come as one, each on a line.
    public func load(_ path: String, weights: WeightSource? = nil) throws -> Network {
        try load(YAMLReader.read(path), file: path, weights: weights)
    }

    /// The network in a text; `file` is the name that locations give, and what a path to weights is relative to.
    public func load(text: String, file: String, weights: WeightSource? = nil) throws -> Network {
        try load(YAMLReader.parse(text, file: file), file: file, weights: weights)
    }

    private func load(_ document: Configuration, file: String, weights: WeightSource?) throws -> Network {
        try locatingErrors(at: document.location) {
            try checkVersion(document)
            let inputs = try inputs(Self.section("inputs", of: document))
            let outputs = try outputs(Self.section("outputs", of: document))
            var expansion = LayerExpansion(operators: operators)
            try locatingErrors(path: "layers") { try expansion.add(Self.section("layers", of: document)) }
            try expansion.problems.throwIfAny()
            var assembly = try GraphAssembly(inputs: inputs.map { ($0.name, $0.declaration.shape, $0.location) })
            assembly.add(expansion.layers)
            try assembly.problems.throwIfAny()
            for output in outputs {
                try assembly.addOutput(
                    output.name, from: output.declaration.from ?? output.name, at: output.location)
            }
            let name = try document["name"].map { value in
                try locatingErrors(path: "name") { try String(configuration: value) }
            }
            let source = try weights ?? WeightSource(configuration: document["weights"], relativeTo: file)
            return Network(
                name: name ?? PathComponents(file).stem, graph: assembly.graph,
                inputs: Dictionary(uniqueKeysWithValues: inputs.map { ($0.name, $0.declaration) }),
                outputs: Dictionary(uniqueKeysWithValues: outputs.map { ($0.name, $0.declaration) }),
                weights: source, file: file)
        }
    }

    private func checkVersion(_ document: Configuration) throws {
        guard case .map(let entries) = document.content else {
            throw document.unexpected("a network file that begins with 'tessera: \(Self.version)'")
        }
        guard let version = document["tessera"] else {
            throw TesseraError(
                .malformedFile, "expected a network file with 'tessera: \(Self.version)', found no version")
        }
        guard version == Configuration(.integer(Self.version)) else {
            throw TesseraError(
                .notSupported, "expected version \(Self.version) of the format, found \(version)",
                path: "tessera", location: version.location)
        }
        for entry in entries where !Self.keys.contains(entry.key) {
            throw TesseraError(
                .invalidArgument, "unknown key '\(entry.key)'" + suggestion(for: entry.key, among: Self.keys),
                location: entry.keyLocation)
        }
    }

    private static func section(_ name: String, of document: Configuration) throws -> Configuration {
        guard let section = document[name] else {
            throw TesseraError(.malformedFile, "expected '\(name):' in the network file, found none")
        }
        return section
    }

    private func inputs(
        _ section: Configuration
    ) throws -> [(name: String, declaration: InputDeclaration, location: SourceLocation?)] {
        let inputs = try nestingErrors(path: "inputs") {
            try section.entries(expecting: "a map of inputs, such as image: {shape: [1, 3, height, width]}").map {
                entry in
                let declaration = try nestingErrors(path: entry.key) {
                    try InputDeclaration(configuration: entry.value)
                }
                return (entry.key, declaration, entry.keyLocation)
            }
        }
        guard !inputs.isEmpty else { throw section.unexpected("at least one input").located(path: "inputs") }
        return inputs
    }

    private func outputs(
        _ section: Configuration
    ) throws -> [(name: String, declaration: OutputDeclaration, location: SourceLocation?)] {
        var outputs: [(name: String, declaration: OutputDeclaration, location: SourceLocation?)] = []
        try nestingErrors(path: "outputs") {
            if case .map(let entries) = section.content {
                for entry in entries {
                    let declaration = try nestingErrors(path: entry.key) {
                        try OutputDeclaration(configuration: entry.value)
                    }
                    outputs.append((entry.key, declaration, entry.value.location ?? entry.keyLocation))
                }
            } else {
                for element in try section.elements(expecting: "a list of layers, or a map from names to layers") {
                    let name = try String(configuration: element)
                    guard !outputs.contains(where: { $0.name == name }) else {
                        throw TesseraError(
                            .invalidArgument, "output '\(name)' is declared twice", location: element.location)
                    }
                    outputs.append((name, OutputDeclaration(), element.location))
                }
            }
            guard !outputs.isEmpty else { throw section.unexpected("at least one output") }
        }
        return outputs
    }
}
