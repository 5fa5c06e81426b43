import TesseraCore

/// The keys of a layer's operator, defaults among them.
struct LayerKeys {
    private let configuration: Configuration
    private let type: String

    init(_ op: any Operator) {
        configuration = op.allKeys
        type = op.name
    }

    private func key(_ name: String) throws -> Configuration {
        guard let value = configuration[name] else {
            throw TesseraError(.notSupported, "'\(type)' without the key '\(name)' is not supported")
        }
        return value
    }

    /// True if the operator has the key.
    func has(_ name: String) -> Bool { configuration[name] != nil }

    func int(_ name: String) throws -> Int { try Int(configuration: key(name)) }
    func number(_ name: String) throws -> Double { try Double(configuration: key(name)) }
    func flag(_ name: String) throws -> Bool { try Bool(configuration: key(name)) }
    func text(_ name: String) throws -> String { try String(configuration: key(name)) }
    func elementType(_ name: String) throws -> ElementType { try ElementType(configuration: key(name)) }
    func optionalInt(_ name: String) throws -> Int? { try Int?(configuration: key(name)) }
    func optionalNumber(_ name: String) throws -> Double? { try Double?(configuration: key(name)) }
    func optionalType(_ name: String) throws -> ElementType? { try ElementType?(configuration: key(name)) }
    func optionalInts(_ name: String) throws -> [Int]? { try [Int]?(configuration: key(name)) }
    func optionalNumbers(_ name: String) throws -> [Double]? { try [Double]?(configuration: key(name)) }
    func optionalTexts(_ name: String) throws -> [String]? { try [String]?(configuration: key(name)) }

    /// One value for each of `rank` axes.
    func perAxis(_ name: String, rank: Int) throws -> [Int]? {
        guard let values = try optionalInts(name), !values.isEmpty else { return nil }
        return values.count == 1 ? [Int](repeating: values[0], count: rank) : values
    }
}
