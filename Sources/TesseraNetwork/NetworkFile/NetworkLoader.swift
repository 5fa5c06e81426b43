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

    public let operators: Registry<any Operator>
    /// What reads files of other formats.
    public let importers: [any NetworkImporter]
    /// What reads weight files that are no safetensors files.
    public let weightFormats: [any WeightFileFormat]

    public init(
        operators: Registry<any Operator>, importers: [any NetworkImporter] = [],
        weightFormats: [any WeightFileFormat] = []
    ) {
        self.operators = operators
        self.importers = importers
        self.weightFormats = weightFormats
    }

    /// The network in a file, or in one of another format that an importer reads.
    ///
    /// - Parameter weights: takes the place of the network's own.
    /// - Throws: what is wrong, at its `file:line:column`; several independent errors come as one, each on a line.
    public func load(_ path: String, weights: WeightSource? = nil) throws -> Network {
        let fileExtension = PathComponents(path).fileExtension
        guard let importer = importers.first(where: { $0.format == fileExtension }) else {
            return try load(YAMLReader.read(path), file: path, weights: weights)
        }
        // The file alone is what a network file that names it and says nothing else is.
        let document = Configuration.map([
            ("tessera", Self.version.configuration),
            (importer.format, PathComponents(path).name.configuration),
        ])
        return try load(document, file: path, weights: weights)
    }

    /// The network in a text; `file` is the name that locations give, and what a path to weights is relative to.
    public func load(text: String, file: String, weights: WeightSource? = nil) throws -> Network {
        try load(YAMLReader.parse(text, file: file), file: file, weights: weights)
    }

    /// The network in a document; `file` is what it is named after without a name, and what a path to weights is relative to.
    public func load(_ document: Configuration, file: String, weights: WeightSource? = nil) throws -> Network {
        try locatingErrors(at: document.location) {
            try checkVersion(document)
            let sections = NetworkSections(document, file: file, operators: operators, importers: importers)
            var problems = sections.problems
            var assembly = try GraphAssembly(
                inputs: sections.inputs.map { ($0.name, $0.declaration, $0.location) },
                isIncomplete: sections.isIncomplete)
            assembly.add(sections.items)
            problems.add(assembly.problems)
            for output in sections.outputs {
                for (name, source) in output.sources {
                    problems.collect { try assembly.addOutput(name, from: source, at: output.location) }
                }
            }
            try problems.throwIfAny()
            var network = Network(
                name: sections.name ?? PathComponents(file).stem, graph: assembly.graph,
                inputs: Dictionary(sections.inputs.map { ($0.name, $0.declaration) }) { first, _ in first },
                outputs: Dictionary(sections.outputs.map { ($0.name, $0.declaration) }) { first, _ in first },
                weights: weights ?? sections.weights, file: file, formats: weightFormats)
            network.blockUses = assembly.blockUses
            for output in sections.outputs {
                guard let detect = output.declaration.detect else { continue }
                problems.collect {
                    try nestingErrors(path: "outputs.\(output.name)", at: output.location) {
                        _ = try network.pictureInput(of: detect)
                    }
                }
            }
            try problems.throwIfAny()
            return network
        }
    }

    private func checkVersion(_ document: Configuration) throws {
        guard case .map = document.content else {
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
    }
}
