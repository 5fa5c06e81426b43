import TesseraCore

/// The JSON Schema of network files, made of what operators and sections declare of their keys.
public struct NetworkSchema {
    private let operators: Registry<any Operator>
    private let formats: [String]

    /// What may stand for a value inside of layers: a text with an expression in braces.
    private static let template = ConfigurationSchema.reference("expression")

    public init(_ loader: NetworkLoader) {
        operators = loader.operators
        formats = loader.importers.map(\.format)
    }

    /// The schema as a document of its own.
    public var document: Configuration {
        JSONSchemaDocument.object(
            title: "A Tessera network", properties: properties, required: ["tessera"], definitions: definitions)
    }

    private var properties: [(String, Configuration)] {
        var properties: [(String, Configuration)] = [
            (
                "tessera",
                Self.described("the version of this format", .map([("const", NetworkLoader.version.configuration)]))
            ),
            ("name", Self.described("the network's name; the file's if left out", ConfigurationSchema.string.json())),
            ("inputs", Self.described("what is given: shapes, and how pictures become tensors", inputs)),
            ("weights", Self.described("a safetensors file, or {random: SEED}", WeightSource.schema.json())),
            (
                "blocks",
                Self.described("layers that are used by name, with parameters", Self.map(of: reference("block")))
            ),
            (
                "layers",
                Self.described("the layers; each reads the one before it unless it says from", reference("layers"))
            ),
            ("outputs", Self.described("the layers that are shown", outputs)),
        ]
        for format in formats {
            properties.append(
                (
                    format,
                    Self.described("a model in place of blocks, layers and weights", ConfigurationSchema.string.json())
                ))
        }
        return properties
    }

    // MARK: Inputs and outputs

    /// The shape may be left out where a model brings it.
    private var inputs: Configuration {
        var keys = InputDeclaration.keys.map(\.description)
        if !formats.isEmpty { keys = keys.map { $0.optional } }
        return Self.map(of: ConfigurationSchema.object(keys), atLeast: 1)
    }

    private var outputs: Configuration {
        let declaration = ConfigurationSchema.either([ConfigurationSchema(OutputDeclaration.self), .null])
        return Self.anyOf([ConfigurationSchema.list(.string).json(), Self.map(of: declaration.json(), atLeast: 1)])
    }

    // MARK: Layers

    private var definitions: [(String, Configuration)] {
        [
            ("expression", .map([("type", "string".configuration), ("pattern", "[{]".configuration)])),
            ("layers", .map([("type", "array".configuration), ("items", reference("layer"))])),
            ("layer", layer), ("block", block),
        ] + operators.modules.map { ($0.name, definition(of: $0)) }
    }

    /// A layer is a name, or a map with one key, beside which `layers` and `else` may stand. Names that are not known may be
    /// those of the file's blocks.
    private var layer: Configuration {
        let names = operators.modules.map { module in
            (module.name, Self.described(module.summary, reference(module.name)))
        }
        let lists = [
            ("repeat", Self.described("writes out the layers beside it several times", words(RepeatDeclaration.self))),
            ("when", Self.described("uses the layers beside it if a condition holds", words(WhenDeclaration.self))),
            (
                "layers",
                Self.described("the layers that are repeated, or used if the condition holds", reference("layers"))
            ),
            ("else", Self.described("the layers that are used if the condition does not hold", reference("layers"))),
        ]
        let map = Configuration.map([
            ("type", "object".configuration), ("properties", .map(lists + names)),
            (
                "additionalProperties",
                Self.described("a block of this file, with its parameters", .empty)
            ),
            ("minProperties", 1.configuration), ("maxProperties", 3.configuration),
        ])
        return Self.anyOf([.map([("type", "string".configuration)]), map])
    }

    private var block: Configuration {
        ConfigurationSchema.object(
            BlockDeclaration.keys.map { key in
                switch key.name {
                case "layers": key.taking(.reference("layers"))
                case "params": key.taking(.either([.list(.string), .entries(.any)]))
                default: key
                }
            })
    }

    private func words(_ type: (some Configurable).Type) -> Configuration {
        var schema = ConfigurationSchema(type)
        if type == RepeatDeclaration.self {
            schema = .map(
                RepeatDeclaration.keys.map {
                    $0.description.name == "with" ? $0.description.taking(.entries(.any)) : $0.description
                })
        }
        return schema.json(template: Self.template)
    }

    /// The keys of an operator and those of every layer; its main key's value alone; or nothing.
    private func definition(of module: Module<any Operator>) -> Configuration {
        let own = module.keys
        let keys = CommonKeys.descriptions + own
        var forms = [ConfigurationSchema.object(keys, template: Self.template)]
        if let main = own.first(where: { $0.name == module.type?.shorthandKey }) {
            forms.append(main.schema.json(template: Self.template))
        }
        if !own.contains(where: \.isRequired) { forms.append(ConfigurationSchema.null.json()) }
        return Self.described(module.summary, Self.anyOf(forms))
    }

    private func reference(_ name: String) -> Configuration { ConfigurationSchema.reference(name).json() }

    // MARK: Parts of schemas

    private static func described(_ text: String, _ schema: Configuration) -> Configuration {
        .map([("description", text.configuration)] + ((try? schema.entries()) ?? []).map { ($0.key, $0.value) })
    }

    private static func anyOf(_ schemas: [Configuration]) -> Configuration {
        let parts = schemas.flatMap { (try? $0["anyOf"]?.elements()) ?? [$0] }
        return parts.count == 1 ? parts[0] : .map([("anyOf", parts.configuration)])
    }

    private static func map(of value: Configuration, atLeast count: Int? = nil) -> Configuration {
        .map(
            [("type", "object".configuration), ("additionalProperties", value)]
                + (count.map { [("minProperties", $0.configuration)] } ?? []))
    }
}

/// A JSON Schema that stands in a file of its own.
public enum JSONSchemaDocument {
    static let dialect = "https://json-schema.org/draft/2020-12/schema"

    /// The schema of a file that is a map of the keys of a type.
    public static func text(_ type: (some Configurable).Type, title: String) -> String {
        let entries = (try? ConfigurationSchema.object(type.keys.map(\.description)).entries()) ?? []
        return text(
            .map(
                [("$schema", dialect.configuration), ("title", title.configuration)]
                    + entries.map { ($0.key, $0.value) }))
    }

    /// The text of a file.
    public static func text(_ document: Configuration) -> String { document.json() + "\n" }

    static func object(
        title: String, properties: [(String, Configuration)], required: [String],
        definitions: [(String, Configuration)]
    ) -> Configuration {
        .map([
            ("$schema", dialect.configuration), ("title", title.configuration), ("type", "object".configuration),
            ("properties", .map(properties)), ("required", required.configuration),
            ("additionalProperties", false.configuration), ("$defs", .map(definitions)),
        ])
    }
}
