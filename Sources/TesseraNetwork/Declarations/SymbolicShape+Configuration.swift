import TesseraCore

extension SymbolicShape: ConfigurationValue {
    /// A list of sizes: an integer from 1, or a name that leaves the size open.
    public init(configuration: Configuration) throws {
        let elements = try configuration.elements(expecting: "a list of sizes, such as [1, 3, height, width]")
        guard elements.count <= 8 else { throw configuration.unexpected("a list of at most 8 sizes") }
        self.init(
            try elements.map { element in
                switch element.content {
                case .string(let name) where TemplateExpression.isName(name): return .symbol(name)
                case .integer(let size) where size >= 1: return .fixed(try Int(configuration: element))
                default: throw element.unexpected("a size of at least 1 or a name that leaves it open")
                }
            })
    }

    public var configuration: Configuration {
        Configuration(
            .list(
                dimensions.map { dimension in
                    switch dimension {
                    case .fixed(let size): Configuration(.integer(size))
                    case .symbol(let name): Configuration(.string(name))
                    }
                }))
    }

    public static var typeDescription: String { "list of sizes" }
    public static var schema: ConfigurationSchema { .list(.either([.integer, .text])) }
}
