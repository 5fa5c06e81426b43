import Foundation
import TesseraCore

/// A number with a unit, as it is written in a file: `512MiB`, `1Gbit/s`, `0.2ms`.
public protocol Quantity: ConfigurationValue, Comparable, CustomStringConvertible {
    /// The units that may be written, each with what one of it is in the base unit. The first is the base unit.
    static var units: [(name: String, factor: Double)] { get }
    /// What it measures, in words, with an example.
    static var typeDescription: String { get }
    /// In the base unit.
    var value: Double { get }
    init(_ value: Double)
}

extension Quantity {
    /// A number is in the base unit; a text is a number followed by a unit.
    ///
    /// - Throws: `invalidArgument` for a number that is negative or not finite, and for a unit that there is not.
    public init(configuration: Configuration) throws {
        let number: Double?
        switch configuration.content {
        case .integer(let integer): number = Double(integer)
        case .number(let double): number = double
        case .string(let text): number = Self.parse(text)
        default: number = nil
        }
        guard let number, number.isFinite, number >= 0 else {
            throw configuration.unexpected(
                "\(Self.typeDescription) in \(Self.units.map(\.name).joined(separator: ", "))")
        }
        self.init(number)
    }

    private static func parse(_ text: String) -> Double? {
        let digits = text.prefix { $0.isNumber || ".+-".contains($0) || $0 == "e" || $0 == "E" }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard let number = Double(digits), let factor = units.first(where: { $0.name == unit })?.factor else {
            return nil
        }
        return number * factor
    }

    public var configuration: Configuration { Configuration(.string(description)) }
    public static var schema: ConfigurationSchema { .string }
    public static func < (a: Self, b: Self) -> Bool { a.value < b.value }

    /// In the largest unit of which it is at least one.
    public var description: String {
        let unit = Self.units.filter { $0.factor <= value }.max { $0.factor < $1.factor } ?? Self.units[0]
        return Self.digits(value / unit.factor) + unit.name
    }

    /// Whole numbers are written as such: 6, not 6.0. What dividing by a unit leaves after twelve digits is not.
    private static func digits(_ number: Double) -> String {
        let rounded = Double(String(format: "%.12g", number)) ?? number
        return Int(exactly: rounded).map(String.init) ?? String(rounded)
    }
}

/// An amount of memory, in bytes.
public struct MemorySize: Quantity {
    public static let typeDescription = "an amount of memory, such as 512MiB,"
    public static let units: [(name: String, factor: Double)] = [
        ("B", 1), ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9),
    ]
    public let value: Double

    public init(_ value: Double) { self.value = value }
}

/// How much moves in how much time, in bytes a second.
public struct Bandwidth: Quantity {
    public static let typeDescription = "a bandwidth, such as 100Mbit/s or 20GB/s,"
    public static let units: [(name: String, factor: Double)] = [
        ("B/s", 1), ("kB/s", 1e3), ("MB/s", 1e6), ("GB/s", 1e9), ("bit/s", 0.125), ("kbit/s", 125), ("Mbit/s", 125e3),
        ("Gbit/s", 125e6),
    ]
    public let value: Double

    public init(_ value: Double) { self.value = value }
}

/// A length of time, in seconds.
public struct TimeSpan: Quantity {
    public static let typeDescription = "a time, such as 0.2ms,"
    public static let units: [(name: String, factor: Double)] = [("s", 1), ("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6)]
    public let value: Double

    public init(_ value: Double) { self.value = value }
}
