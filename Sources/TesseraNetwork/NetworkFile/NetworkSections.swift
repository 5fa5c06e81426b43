import TesseraCore

/// The sections of a network file, each read on its own, so that mistakes in one do not hide those in another.
struct NetworkSections {
    struct Input {
        var name: String
        var declaration: InputDeclaration
        var location: SourceLocation?

        init(name: String, declaration: InputDeclaration, location: SourceLocation?) {
            (self.name, self.declaration, self.location) = (name, declaration, location)
        }

        init(_ input: ImportedNetwork.Input) {
            self.init(
                name: input.name, declaration: InputDeclaration(input.shape, elementType: input.elementType),
                location: nil)
        }
    }

    struct Output {
        var name: String
        var declaration: OutputDeclaration
        var location: SourceLocation?

        /// The graph's outputs that it is made of, and the layers that they are.
        var sources: [(name: String, source: String)] {
            guard let detect = declaration.detect else { return [(name, declaration.from ?? name)] }
            let parts = Network.parts(ofDetection: name)
            return [(parts.boxes, detect.boxes), (parts.scores, detect.scores)]
        }
    }

    private(set) var problems = ProblemList()
    private(set) var name: String?
    private(set) var inputs: [Input] = []
    private(set) var outputs: [Output] = []
    private(set) var blocks: [String: BlockDeclaration] = [:]
    private(set) var items: [LayerItem] = []
    private(set) var weights = WeightSource.none
    /// True if names may be missing because something could not be read.
    private(set) var isIncomplete = false

    private let document: Configuration
    private let file: String
    private let operators: Registry<any Operator>

    /// - Parameter document: a map whose version has been checked.
    init(_ document: Configuration, file: String, operators: Registry<any Operator>, importers: [any NetworkImporter]) {
        self.document = document
        self.file = file
        self.operators = operators
        let importer = importers.first { document[$0.format] != nil }
        checkKeys(importers: importers, importer)
        name = document["name"].flatMap { value in
            problems.collect { try locatingErrors(path: "name") { try String(configuration: value) } }
        }
        if let importer {
            readImported(importer)
        } else {
            readInputs(imported: nil)
            readBlocks()
            readLayers()
            readOutputs(imported: nil)
            if let source = problems.collect({
                try WeightSource(configuration: document["weights"], relativeTo: file)
            }) {
                weights = source
            }
        }
    }

    private mutating func checkKeys(importers: [any NetworkImporter], _ importer: (any NetworkImporter)?) {
        var keys = ["tessera", "name", "inputs", "outputs"]
        keys += importer.map { [$0.format] } ?? (["blocks", "layers", "weights"] + importers.map(\.format))
        for entry in (try? document.entries()) ?? [] where !keys.contains(entry.key) {
            let isLayers = importer != nil && ["blocks", "layers", "weights"].contains(entry.key)
            problems.add(
                TesseraError(
                    .invalidArgument,
                    isLayers
                        ? "'\(entry.key):' does not go with '\(importer?.format ?? ""):', which brings its own"
                        : "unknown key '\(entry.key)'" + suggestion(for: entry.key, among: keys),
                    location: entry.keyLocation))
        }
    }

    private mutating func section(_ name: String) -> Configuration? {
        if let section = document[name] { return section }
        isIncomplete = true
        problems.add(
            TesseraError(
                .malformedFile, "expected '\(name):' in the network file, found none", location: document.location))
        return nil
    }

    // MARK: Inputs

    private mutating func readInputs(imported: ImportedNetwork?) {
        guard imported == nil || document["inputs"] != nil else {
            inputs = imported?.inputs.map(Input.init) ?? []
            return
        }
        guard let section = section("inputs") else { return }
        guard
            let entries = problems.collect(
                in: "inputs",
                { try section.entries(expecting: "a map of inputs, such as image: {shape: [1, 3, height, width]}") })
        else {
            isIncomplete = true
            return
        }
        if entries.isEmpty, imported == nil {
            problems.add(section.unexpected("at least one input").located(path: "inputs"))
            isIncomplete = true
        }
        for entry in entries {
            let declaration = problems.collect(in: "inputs") {
                try nestingErrors(path: entry.key, at: entry.keyLocation) {
                    try Self.input(entry.key, entry.value, imported: imported)
                }
            }
            // One that is wrong is still there to be referred to.
            inputs.append(
                Input(name: entry.key, declaration: declaration ?? InputDeclaration(), location: entry.keyLocation))
        }
        guard let imported else { return }
        // All inputs are there, in the order of the model.
        inputs = imported.inputs.map { input in
            inputs.first { $0.name == input.name }
                ?? Input(input)
        }
    }

    private static func input(
        _ name: String, _ configuration: Configuration, imported: ImportedNetwork?
    ) throws -> InputDeclaration {
        guard let imported else { return try InputDeclaration(configuration: configuration) }
        guard let input = imported.inputs.first(where: { $0.name == name }) else {
            throw TesseraError(
                .notFound,
                "the model has no input '\(name)'" + suggestion(for: name, among: imported.inputs.map(\.name)))
        }
        var entries = configuration.isNull ? [] : try configuration.entries()
        if configuration["shape"] == nil { entries.append(.init("shape", input.shape.configuration)) }
        if configuration["type"] == nil { entries.append(.init("type", input.elementType.configuration)) }
        let declaration = try InputDeclaration(configuration: Configuration(.map(entries), at: configuration.location))
        guard declaration.shape.refines(input.shape) else {
            throw TesseraError(
                .shapeMismatch, "expected the model's shape \(input.shape), found \(declaration.shape)",
                location: configuration["shape"]?.location)
        }
        guard declaration.elementType == input.elementType else {
            throw TesseraError(
                .invalidArgument, "expected the model's type \(input.elementType), found \(declaration.elementType)",
                location: configuration["type"]?.location)
        }
        return declaration
    }

    // MARK: Layers

    private mutating func readBlocks() {
        guard let section = document["blocks"], !section.isNull else { return }
        guard let entries = problems.collect(in: "blocks", { try section.entries(expecting: "a map of blocks") }) else {
            isIncomplete = true
            return
        }
        let operators = operators
        for entry in entries {
            let block = problems.collect(in: "blocks") {
                try nestingErrors(path: entry.key, at: entry.keyLocation) {
                    guard !operators.names.contains(entry.key), !LayerExpansion.words.contains(entry.key) else {
                        throw TesseraError(
                            .invalidArgument, "'\(entry.key)' is the name of a layer already",
                            location: entry.keyLocation)
                    }
                    return try BlockDeclaration(entry.key, entry.value)
                }
            }
            // Without the block, all of its uses would be said to be wrong.
            if block == nil { isIncomplete = true }
            blocks[entry.key] = block
        }
    }

    private mutating func readLayers() {
        guard let section = section("layers") else { return }
        var expansion = LayerExpansion(
            operators: operators, blocks: blocks, unreadable: Set(document["blocks"].map(Self.keys) ?? []))
        let read = problems.collect { try locatingErrors(path: "layers") { try expansion.items(of: section) } }
        problems.add(expansion.problems)
        items = read ?? []
        if read == nil { isIncomplete = true }
    }

    private static func keys(_ map: Configuration) -> [String] { ((try? map.entries()) ?? []).map(\.key) }

    // MARK: Outputs

    private mutating func readOutputs(imported: ImportedNetwork?) {
        if let imported, document["outputs"] == nil {
            outputs = imported.outputs.map { output in
                var declaration = OutputDeclaration()
                declaration.from = output.from
                return Output(name: output.name, declaration: declaration)
            }
            return
        }
        guard let section = section("outputs") else { return }
        if case .map(let entries) = section.content {
            let file = file
            for entry in entries {
                guard
                    let declaration = problems.collect(
                        in: "outputs",
                        {
                            try nestingErrors(path: entry.key) {
                                try OutputDeclaration(configuration: entry.value).resolved(relativeTo: file)
                            }
                        })
                else { continue }
                outputs.append(
                    Output(
                        name: entry.key, declaration: declaration, location: entry.value.location ?? entry.keyLocation))
            }
            if entries.isEmpty { problems.add(section.unexpected("at least one output").located(path: "outputs")) }
            return
        }
        guard
            let elements = problems.collect(
                in: "outputs", { try section.elements(expecting: "a list of layers, or a map from names to layers") })
        else { return }
        for element in elements {
            guard let name = problems.collect(in: "outputs", { try String(configuration: element) }) else { continue }
            guard !outputs.contains(where: { $0.name == name }) else {
                problems.add(
                    TesseraError(
                        .invalidArgument, "output '\(name)' is declared twice", path: "outputs",
                        location: element.location))
                continue
            }
            outputs.append(Output(name: name, declaration: OutputDeclaration(), location: element.location))
        }
        if elements.isEmpty { problems.add(section.unexpected("at least one output").located(path: "outputs")) }
    }

    // MARK: Other formats

    private mutating func readImported(_ importer: any NetworkImporter) {
        let (value, file, operators) = (document[importer.format], file, operators)
        let imported = problems.collect(in: importer.format) { () -> ImportedNetwork in
            try locatingErrors(at: value?.location) {
                let path = try String(configuration: value ?? Configuration(.null))
                return try importer.read(PathComponents.resolve(path, relativeTo: file))
            }
        }
        guard let imported else {
            isIncomplete = true
            return
        }
        name = name ?? imported.name
        readInputs(imported: imported)
        items = problems.collect { try imported.items(operators: operators) } ?? []
        readOutputs(imported: imported)
        weights = .tensors(imported.weights)
    }
}

extension SymbolicShape {
    /// True if it has the same sizes wherever `other` leaves none open.
    fileprivate func refines(_ other: SymbolicShape) -> Bool {
        dimensions.count == other.dimensions.count
            && zip(dimensions, other.dimensions).allSatisfy { own, theirs in
                if case .fixed = theirs { own == theirs } else { true }
            }
    }
}
