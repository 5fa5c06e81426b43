import TesseraCore

/// One integer for all spatial axes, or one for each: `3` or `[3, 5]`.
public struct PerAxis: ConfigurationValue, Equatable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    public var values: [Int]

    public init(_ values: [Int]) { self.values = values }
    public init(integerLiteral value: Int) { values = [value] }
    public init(arrayLiteral elements: Int...) { values = elements }

    public init(configuration: Configuration) throws { values = try [Int](configuration: configuration) }

    public var configuration: Configuration { values.count == 1 ? values[0].configuration : values.configuration }
    public static var typeDescription: String { "integer, or one for each spatial axis" }

    /// One value for each of `rank` axes.
    ///
    /// - Throws: `shapeMismatch` if there are neither one nor `rank` values, or one is below `minimum`.
    public func expanded(to rank: Int, minimum: Int = 1, key: String) throws -> [Int] {
        guard values.count == 1 || values.count == rank else {
            throw TesseraError(
                .shapeMismatch,
                "'\(key)' expects 1 or \(rank) values for an input with \(rank) spatial axes, found \(values)")
        }
        guard values.allSatisfy({ $0 >= minimum }) else {
            throw TesseraError(.invalidArgument, "'\(key)' expects values of at least \(minimum), found \(values)")
        }
        return values.count == rank ? values : [Int](repeating: values[0], count: rank)
    }
}
