import TesseraCompression
import TesseraCore
import TesseraNetwork

/// A weight layout by name with its options: `{layout: blocks, block: [16, 16]}`.
public struct WeightLayoutChoice: ModuleChoice {
    public var name: String
    /// What the layout itself understands.
    public var options: Configuration

    public init(_ name: String, options: Configuration = .empty) { (self.name, self.options) = (name, options) }
}

extension WeightLayoutChoice {
    public static var key: String { "layout" }
    public static var noun: String { "weight layout" }
    public static var schema: ConfigurationSchema {
        .choice(of: Modules.builtin.weightLayouts, key: key, isRequired: true)
    }
}
