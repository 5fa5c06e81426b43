import TesseraCore
import TesseraNetwork
import TesseraPruning

/// A saliency metric by name with its options: `{metric: random, seed: 7}`.
public struct SaliencyMetricChoice: Sendable, Equatable {
    public var name: String
    /// What the metric itself understands.
    public var options: Configuration

    public init(_ name: String, options: Configuration = .empty) { (self.name, self.options) = (name, options) }
}

extension SaliencyMetricChoice: ConfigurationValue {
    public init(configuration: Configuration) throws {
        (name, options) = try ModuleChoice.read(configuration, key: "metric", noun: "saliency metric")
    }

    public var configuration: Configuration { ModuleChoice.configuration(name, options, key: "metric") }
    public static var typeDescription: String { "a saliency metric's name, or a map with its options" }
    public static var schema: ConfigurationSchema {
        .choice(of: Modules.builtin.saliencyMetrics, key: "metric", isRequired: true)
    }
}

/// A rule for how much is pruned by name with its options: `{rule: ratio, ratio: 0.3}`.
public struct AmountChoice: Sendable, Equatable {
    public var name: String
    /// What the rule itself understands.
    public var options: Configuration

    public init(_ name: String, options: Configuration = .empty) { (self.name, self.options) = (name, options) }

    /// What stands after an option on the command line: `steepness`, `ratio=0.3`, or a map as in files.
    public init(text: String, option: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, !text.hasPrefix("{") else {
            try self.init(configuration: YAMLReader.parse(text, file: option))
            return
        }
        let value = try YAMLReader.parse(parts[1], file: option)
        let module = try Modules.builtin.pruningAmounts.module(parts[0])
        guard let key = module.type?.shorthandKey else {
            throw TesseraError(
                .invalidArgument,
                "'\(option)' expects no value for '\(parts[0])', which has no main option; found '\(text)'")
        }
        self.init(parts[0], options: Configuration(.map([Configuration.Entry(key, value)]), at: value.location))
    }
}

extension AmountChoice: ConfigurationValue {
    public init(configuration: Configuration) throws {
        (name, options) = try ModuleChoice.read(configuration, key: "rule", noun: "rule")
    }

    public var configuration: Configuration { ModuleChoice.configuration(name, options, key: "rule") }
    public static var typeDescription: String { "a rule's name, or a map with its options" }
    public static var schema: ConfigurationSchema {
        .choice(of: Modules.builtin.pruningAmounts, key: "rule", isRequired: true)
    }
}
