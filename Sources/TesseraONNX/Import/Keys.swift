import TesseraCore

/// The keys of a layer, in the order they are written.
struct Keys: ExpressibleByDictionaryLiteral {
    private(set) var entries: [(String, Configuration)] = []

    init() {}
    init(dictionaryLiteral elements: (String, Configuration)...) { entries = elements }

    /// Adds a key, unless the value is nil.
    mutating func set(_ key: String, _ value: Configuration?) {
        if let value { entries.append((key, value)) }
    }

    /// Adds a key, unless it would only say what holds anyway.
    mutating func set(_ key: String, _ value: Configuration, unless usual: Configuration) {
        if value != usual { entries.append((key, value)) }
    }
}

extension Configuration {
    /// Integers that the keys of layers hold; larger ones mean "to the end" wherever ONNX has them.
    private static let integerLimit = 1 << 31

    static func int(_ value: Int) -> Configuration {
        Configuration(.integer(min(max(value, -integerLimit), integerLimit)))
    }
    static func ints(_ values: [Int]) -> Configuration { Configuration(.list(values.map(Configuration.int))) }
    static func number(_ value: Double) -> Configuration {
        if let integer = Int(exactly: value), abs(integer) < 1 << 24 { return Configuration(.integer(integer)) }
        return Configuration(.number(value))
    }
    static func number(_ value: Float) -> Configuration { number(value.readable) }
    static func numbers(_ values: [Double]) -> Configuration { Configuration(.list(values.map { number($0) })) }
    static func flag(_ value: Bool) -> Configuration { Configuration(.bool(value)) }
    static func name(_ value: String) -> Configuration { Configuration(.string(value)) }
    static func names(_ values: [String]) -> Configuration { Configuration(.list(values.map(name))) }
    static func type(_ type: ElementType) -> Configuration { name(type.rawValue) }

    /// One integer if all are the same, else all.
    static func perAxis(_ values: [Int]) -> Configuration {
        if let first = values.first, values.allSatisfy({ $0 == first }) { int(first) } else { ints(values) }
    }
}
