import TesseraCore

/// What layers took on one device, whole and as the parts that tiles make of them. `tessera profile` writes it.
public struct DeviceProfile: Codable, Sendable, Equatable {
    /// One measured layer, with those that are computed within it, such as an activation.
    public struct Entry: Codable, Sendable, Equatable {
        /// What tells the layer from others, see `CostModel.signature`.
        public var signature: String
        /// The kind of layer.
        public var operatorName: String
        /// The size of the part of the output that was made.
        public var output: [Int]
        public var multiplyAccumulates: Int
        /// The median.
        public var seconds: Double

        enum CodingKeys: String, CodingKey {
            case signature, output, seconds
            case operatorName = "operator"
            case multiplyAccumulates = "macs"
        }

        public init(
            signature: String, operatorName: String, output: [Int], multiplyAccumulates: Int, seconds: Double
        ) {
            (self.signature, self.operatorName, self.output) = (signature, operatorName, output)
            (self.multiplyAccumulates, self.seconds) = (multiplyAccumulates, seconds)
        }

        /// Elements of the output.
        var size: Double { output.reduce(1) { $0 * Double($1) } }
    }

    /// The format's version.
    public var tessera = 1
    public var machine: String
    public var backend: String
    public var instructionSet: String
    public var threads: Int
    public var network: String
    public var entries: [Entry]

    enum CodingKeys: String, CodingKey {
        case tessera, machine, backend, threads, network, entries
        case instructionSet = "instruction_set"
    }

    public init(
        machine: String, backend: String, instructionSet: String, threads: Int, network: String, entries: [Entry]
    ) {
        (self.machine, self.backend, self.instructionSet) = (machine, backend, instructionSet)
        (self.threads, self.network, self.entries) = (threads, network, entries)
    }

    /// - Throws: `notSupported` for another version, `malformedFile` for times and sizes that nothing has.
    public func check() throws {
        guard tessera == 1 else {
            throw TesseraError(.notSupported, "expected a profile of version 1, found \(tessera)")
        }
        for entry in entries {
            guard entry.seconds.isFinite, entry.seconds >= 0, entry.multiplyAccumulates >= 0,
                entry.output.allSatisfy({ $0 > 0 })
            else {
                throw TesseraError(
                    .malformedFile,
                    "expected a layer's time and size, found \(entry.seconds) s for \(entry.output) of '\(entry.signature)'"
                )
            }
        }
    }
}

/// The times of a profile by layer, to be looked up for any size.
struct MeasuredLayers: Sendable {
    /// By signature, the sizes of outputs and the seconds they took, from the smallest on.
    private var points: [String: [(size: Double, seconds: Double)]]
    /// Multiply-accumulates a second over all layers, by kind.
    private let rates: [String: Double]

    init(_ profile: DeviceProfile) {
        points = Dictionary(grouping: profile.entries, by: \.signature).mapValues { entries in
            // Of one size several times, such as by layers that are alike, the mean counts.
            Dictionary(grouping: entries, by: \.size)
                .map { (size: $0, seconds: $1.reduce(0) { $0 + $1.seconds } / Double($1.count)) }
                .sorted { $0.size < $1.size }
        }
        rates = Dictionary(grouping: profile.entries, by: \.operatorName).compactMapValues { entries in
            let macs = entries.reduce(0.0) { $0 + Double($1.multiplyAccumulates) }
            let seconds = entries.reduce(0) { $0 + $1.seconds }
            return macs > 0 && seconds > 0 ? macs / seconds : nil
        }
    }

    /// The seconds for so many elements of a layer's output; nil if it was not measured.
    ///
    /// Between measured sizes linear; beyond the largest in proportion to it; below the smallest on the line through the two
    /// smallest, but no less than in proportion, since small parts are never done at a better rate.
    func seconds(_ signature: String, size: Double) -> Double? {
        guard let points = points[signature], let last = points.last else { return nil }
        guard size < last.size, points.count > 1 else { return last.seconds * size / last.size }
        let upper = max(points.firstIndex { $0.size >= size } ?? 1, 1)
        let (a, b) = (points[upper - 1], points[upper])
        let line = a.seconds + (b.seconds - a.seconds) * (size - a.size) / (b.size - a.size)
        return size < a.size ? max(line, a.seconds * size / a.size) : line
    }

    /// Multiply-accumulates a second of layers of a kind; nil if none was measured.
    func rate(of operatorName: String) -> Double? { rates[operatorName] }
}
