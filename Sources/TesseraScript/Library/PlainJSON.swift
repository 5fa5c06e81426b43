import Tessera

/// A value as JSON for everybody: numbers are numbers.
struct PlainJSON: Encodable {
    private let value: Configuration

    /// - Throws: `invalidArgument` for what JSON has no notation for.
    static func text(of value: ScriptValue) throws -> String {
        try readableJSON(PlainJSON(value: value.configuration()))
    }

    func encode(to encoder: any Encoder) throws {
        switch value.content {
        case .number(let number):
            guard number.isFinite else {
                throw TesseraError(.invalidArgument, "expected numbers that JSON can write, got \(number)")
            }
            try number.encode(to: encoder)
        case .list(let elements): try elements.map(PlainJSON.init).encode(to: encoder)
        case .map(let entries):
            let named = entries.map { ($0.key, PlainJSON(value: $0.value)) }
            try Dictionary(named, uniquingKeysWith: { $1 }).encode(to: encoder)
        default: try value.encode(to: encoder)
        }
    }
}
