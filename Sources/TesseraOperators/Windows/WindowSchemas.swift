import TesseraCore

extension PerAxis {
    public static var schema: ConfigurationSchema { [Int].schema }
}

extension Padding {
    public static var schema: ConfigurationSchema { .either([.choice(names), [Int].schema]) }

    /// What padding is called that depends on the input.
    private static var names: [String] {
        ["same", "same_lower"].filter { (try? Padding(configuration: $0.configuration)) != nil }
    }
}
