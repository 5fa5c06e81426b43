import TesseraCore

/// A number that may be written as a fraction: `0.5`, `1/255`.
public struct Fraction: ConfigurationValue, Hashable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    public let value: Double
    /// How it is written, if as a fraction.
    private let text: String?

    public init(_ value: Double) {
        self.value = value
        text = nil
    }

    public init(_ numerator: Int, over denominator: Int) {
        value = Double(numerator) / Double(denominator)
        text = "\(numerator)/\(denominator)"
    }

    public init(floatLiteral value: Double) { self.init(value) }
    public init(integerLiteral value: Int) { self.init(Double(value)) }

    /// - Throws: `invalidArgument` for what is no finite number.
    public init(configuration: Configuration) throws {
        if case .string(let text) = configuration.content {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Self.number($0) }
            guard parts.count == 2, let numerator = parts[0], let denominator = parts[1], denominator != 0 else {
                throw configuration.unexpected("a number or a fraction, such as 1/255")
            }
            self.value = numerator / denominator
            self.text = text
        } else {
            self.value = try Double(configuration: configuration)
            self.text = nil
        }
        guard value.isFinite else { throw configuration.unexpected("a finite number") }
    }

    public var configuration: Configuration { text?.configuration ?? value.configuration }
    public static var typeDescription: String { "number or fraction" }
    public static var schema: ConfigurationSchema { .either([.number, .text]) }

    private static func number(_ text: Substring) -> Double? {
        switch YAMLScalar.plain(text.split(separator: " ").joined(separator: " ")) {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    public static func == (a: Fraction, b: Fraction) -> Bool { a.value == b.value }
    public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
