import TesseraCore
import TesseraNetwork
import TesseraPruning

/// A saliency metric by name with its options: `{metric: random, seed: 7}`.
public struct SaliencyMetricChoice: ModuleChoice {
    public var name: String
    /// What the metric itself understands.
    public var options: Configuration

    public init(_ name: String, options: Configuration = .empty) { (self.name, self.options) = (name, options) }
}

extension SaliencyMetricChoice {
    public static var key: String { "metric" }
    public static var noun: String { "saliency metric" }
    public static var schema: ConfigurationSchema {
        .choice(of: Modules.builtin.saliencyMetrics, key: key, isRequired: true)
    }
}

/// A rule for how much is pruned by name with its options: `{rule: ratio, ratio: 0.3}`.
public struct AmountChoice: ModuleChoice {
    public var name: String
    /// What the rule itself understands.
    public var options: Configuration

    public init(_ name: String, options: Configuration = .empty) { (self.name, self.options) = (name, options) }

    /// What stands after an option on the command line: `steepness`, `ratio=0.3`, or a map as in files.
    public init(text: String, option: String, rules: Registry<any AmountRule>) throws {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, !text.hasPrefix("{") else {
            try self.init(configuration: YAMLReader.parse(text, file: option))
            return
        }
        let value = try YAMLReader.parse(parts[1], file: option)
        let module = try rules.module(parts[0])
        guard let key = module.type?.shorthandKey else {
            throw TesseraError(
                .invalidArgument,
                "'\(option)' expects no value for '\(parts[0])', which has no main option; found '\(text)'")
        }
        self.init(parts[0], options: Configuration(.map([Configuration.Entry(key, value)]), at: value.location))
    }
}

extension AmountChoice {
    public static var key: String { "rule" }
    public static var noun: String { "rule" }
    public static var schema: ConfigurationSchema {
        .choice(of: Modules.builtin.pruningAmounts, key: key, isRequired: true)
    }
}
