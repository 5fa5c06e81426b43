/// Numbers of one name and kind, each with labels: a family of the Prometheus text format.
public struct MetricFamily: Sendable {
    public enum Kind: String, Sendable {
        /// Only grows. Its name ends in `_total`.
        case counter
        case gauge
        case histogram
    }

    public struct Sample: Sendable {
        /// What follows the family's name: `_bucket`, `_sum` and `_count` of histograms.
        var suffix = ""
        var labels: [(name: String, value: String)]
        var value: Double
    }

    public let name: String
    public let help: String
    public let kind: Kind
    public private(set) var samples: [Sample] = []

    public init(_ name: String, _ kind: Kind, _ help: String) { (self.name, self.kind, self.help) = (name, kind, help) }

    /// A family of one number without labels.
    public init(_ name: String, _ kind: Kind, _ help: String, value: some BinaryInteger) {
        self.init(name, kind, help)
        add(Double(value))
    }

    public mutating func add(_ value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
        samples.append(Sample(labels: labels.map { (name: $0.key, value: $0.value) }, value: value))
    }

    /// Adds a histogram: its buckets, which count what was at most so much, its sum and how many there were.
    mutating func add(_ histogram: Histogram, _ labels: KeyValuePairs<String, String> = [:]) {
        let labels = labels.map { (name: $0.key, value: $0.value) }
        var count = 0
        for (bound, number) in zip(Histogram.bounds + [.infinity], histogram.counts) {
            count += number
            samples.append(
                Sample(
                    suffix: "_bucket", labels: labels + [(name: "le", value: Self.text(bound))], value: Double(count)))
        }
        samples.append(Sample(suffix: "_sum", labels: labels, value: histogram.sum))
        samples.append(Sample(suffix: "_count", labels: labels, value: Double(count)))
    }

    /// The number of a family that has one; of others, the sum over all labels.
    public var value: Double { samples.reduce(0) { $0 + ($1.suffix.isEmpty ? $1.value : 0) } }

    /// The family in the Prometheus text format, version 0.0.4.
    public var text: String {
        var text = "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
            let braces = labels.isEmpty ? "" : "{" + labels.joined(separator: ",") + "}"
            text += "\(name)\(sample.suffix)\(braces) \(Self.text(sample.value))\n"
        }
        return text
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\n", "\r\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.append(character)
            }
        }
    }

    private static func text(_ value: Double) -> String {
        if value == .infinity { return "+Inf" }
        return Int(exactly: value).map(String.init) ?? String(value)
    }
}
