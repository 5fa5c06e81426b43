/// A type that one key of a configuration can hold.
public protocol ConfigurationValue: Sendable {
    init(configuration: Configuration) throws
    var configuration: Configuration { get }
    /// The kind of value in words, for messages and schemas.
    static var typeDescription: String { get }
    /// The values that are accepted.
    static var schema: ConfigurationSchema { get }
}

extension ConfigurationValue {
    public static var schema: ConfigurationSchema { .any }
}

extension ConfigurationValue where Self: Configurable {
    public static var schema: ConfigurationSchema { ConfigurationSchema(Self.self) }
}

extension Configuration: ConfigurationValue {
    public init(configuration: Configuration) { self = configuration }
    public var configuration: Configuration { self }
    public static var typeDescription: String { "any value" }
}

extension Int: ConfigurationValue {
    /// Large enough for every size, small enough that sums and products of a few of them do not overflow.
    private static let limit = 1 << 31

    public init(configuration: Configuration) throws {
        guard case .integer(let value) = configuration.content else { throw configuration.unexpected("an integer") }
        guard value.magnitude <= Int.limit else {
            throw configuration.unexpected("an integer between -2^31 and 2^31")
        }
        self = value
    }
    public var configuration: Configuration { Configuration(.integer(self)) }
    public static var typeDescription: String { "integer" }
    public static var schema: ConfigurationSchema { .integer }
}

extension Double: ConfigurationValue {
    public init(configuration: Configuration) throws {
        switch configuration.content {
        case .integer(let value): self = Double(value)
        case .number(let value): self = value
        default: throw configuration.unexpected("a number")
        }
    }
    /// Whole numbers are written as such: 6, not 6.0.
    public var configuration: Configuration {
        guard magnitude < Double(1 << 31), let whole = Int(exactly: self), whole != 0 || sign == .plus else {
            return Configuration(.number(self))
        }
        return Configuration(.integer(whole))
    }
    public static var typeDescription: String { "number" }
    public static var schema: ConfigurationSchema { .number }
}

extension Float: ConfigurationValue {
    public init(configuration: Configuration) throws { self = Float(try Double(configuration: configuration)) }
    /// The shortest number that is this one again: 0.1, not 0.10000000149011612.
    public var configuration: Configuration { (Double(description) ?? Double(self)).configuration }
    public static var typeDescription: String { "number" }
    public static var schema: ConfigurationSchema { .number }
}

extension Bool: ConfigurationValue {
    public init(configuration: Configuration) throws {
        guard case .bool(let value) = configuration.content else { throw configuration.unexpected("true or false") }
        self = value
    }
    public var configuration: Configuration { Configuration(.bool(self)) }
    public static var typeDescription: String { "boolean" }
    public static var schema: ConfigurationSchema { .boolean }
}

extension String: ConfigurationValue {
    public init(configuration: Configuration) throws {
        switch configuration.content {
        case .string(let value): self = value
        case .integer(let value): self = String(value)
        case .number(let value): self = String(value)
        default: throw configuration.unexpected("a string")
        }
    }
    public var configuration: Configuration { Configuration(.string(self)) }
    public static var typeDescription: String { "string" }
    public static var schema: ConfigurationSchema { .string }
}

extension Optional: ConfigurationValue where Wrapped: ConfigurationValue {
    public init(configuration: Configuration) throws {
        self = configuration.isNull ? nil : try Wrapped(configuration: configuration)
    }
    public var configuration: Configuration { self?.configuration ?? Configuration(.null) }
    public static var typeDescription: String { Wrapped.typeDescription }
    public static var schema: ConfigurationSchema { Wrapped.schema }
}

extension Array: ConfigurationValue where Element: ConfigurationValue {
    /// A list; a lone value stands for a list of one.
    public init(configuration: Configuration) throws {
        if case .list(let elements) = configuration.content {
            self = try elements.map(Element.init(configuration:))
        } else {
            self = [try Element(configuration: configuration)]
        }
    }
    public var configuration: Configuration { Configuration(.list(map(\.configuration))) }
    public static var typeDescription: String { "list of " + plural(Element.typeDescription) }
    public static var schema: ConfigurationSchema { .either([.list(Element.schema), Element.schema]) }
}

private func plural(_ description: String) -> String {
    description.hasPrefix("one of ") ? String(description.dropFirst(7)) : description + "s"
}

/// An enumeration of names, such as `mode: constant`.
public protocol ConfigurationChoice: ConfigurationValue, RawRepresentable, CaseIterable where RawValue == String {}

extension ConfigurationChoice {
    public init(configuration: Configuration) throws {
        let names = Self.allCases.map(\.rawValue)
        guard case .string(let name) = configuration.content else {
            throw configuration.unexpected("one of \(names.joined(separator: ", "))")
        }
        guard let value = Self(rawValue: name) else {
            throw TesseraError(
                .invalidArgument,
                "expected one of \(names.joined(separator: ", ")), found '\(name)'"
                    + nearestSuggestion(for: name, among: names),
                location: configuration.location)
        }
        self = value
    }
    public var configuration: Configuration { Configuration(.string(rawValue)) }
    public static var typeDescription: String { "one of " + allCases.map(\.rawValue).joined(separator: ", ") }
    public static var schema: ConfigurationSchema { .choice(allCases.map(\.rawValue)) }
}
