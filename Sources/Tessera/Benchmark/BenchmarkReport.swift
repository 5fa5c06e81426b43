import TesseraCore
import TesseraRuntime

/// What a benchmark found. All times are milliseconds.
public struct BenchmarkReport: Sendable {
    public let network: String
    public let backend: String
    public let options: CompileOptions
    /// The measured inferences.
    public let timings: Timings
    /// From when reading the network's file began until it was compiled.
    public let loading: Double
    /// The first inference, which is not among `timings`.
    public let first: Double
    /// From the start of the process until loading began; nil where that cannot be known.
    public let start: Double?
    /// The most memory that the process had resident before loading; nil where that cannot be known.
    public let startByteCount: Int?
    /// The most memory that the process had resident until the last measured inference; nil where that cannot be known.
    public let peakByteCount: Int?
    /// Nil for a network whose shapes depend on data, as are its operations.
    public let activationByteCount: Int?
    public let multiplyAccumulates: Int?
    /// The layers, if they were measured.
    public internal(set) var profile: NetworkProfile?

    /// 10^9 floating-point operations a second at the median, of which a multiply-accumulate is two.
    public var gflops: Double? { multiplyAccumulates.map { Self.gflops($0, in: timings.median) } }

    static func gflops(_ multiplyAccumulates: Int, in milliseconds: Double) -> Double {
        milliseconds > 0 ? 2 * Double(multiplyAccumulates) / milliseconds / 1e6 : 0
    }
}

extension BenchmarkReport: Encodable {
    private enum CodingKeys: String, CodingKey {
        case network, backend, precision, layer_precision, threads
        case median_ms, p90_ms, p99_ms, min_ms, mean_ms, runs
        case start_ms, load_ms, first_ms, start_rss_bytes, peak_rss_bytes, activation_bytes, macs, gflops
        case layers, kernel_ms, copy_ms, overhead, profiled_runs
    }

    /// The keys that `tessera bench --json` prints.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(network, forKey: .network)
        try values.encode(backend, forKey: .backend)
        try values.encode(options.precision.base, forKey: .precision)
        if !options.precision.layers.isEmpty { try values.encode(options.precision.layers, forKey: .layer_precision) }
        try values.encode(options.threads, forKey: .threads)
        try values.encode(timings.median, forKey: .median_ms)
        try values.encode(timings.percentile(90), forKey: .p90_ms)
        try values.encode(timings.percentile(99), forKey: .p99_ms)
        try values.encode(timings.minimum, forKey: .min_ms)
        try values.encode(timings.mean, forKey: .mean_ms)
        try values.encode(timings.count, forKey: .runs)
        try values.encodeIfPresent(start, forKey: .start_ms)
        try values.encode(loading, forKey: .load_ms)
        try values.encode(first, forKey: .first_ms)
        try values.encodeIfPresent(startByteCount, forKey: .start_rss_bytes)
        try values.encodeIfPresent(peakByteCount, forKey: .peak_rss_bytes)
        try values.encodeIfPresent(activationByteCount, forKey: .activation_bytes)
        try values.encodeIfPresent(multiplyAccumulates, forKey: .macs)
        try values.encodeIfPresent(gflops, forKey: .gflops)
        guard let profile else { return }
        try values.encode(profile.layers, forKey: .layers)
        try values.encode(profile.kernelMilliseconds, forKey: .kernel_ms)
        try values.encode(profile.copyMilliseconds, forKey: .copy_ms)
        if let overhead { try values.encode(overhead, forKey: .overhead) }
        try values.encode(profile.runs.count, forKey: .profiled_runs)
    }

    /// The median inference over the sum of its kernels: what copies and everything around them add. Nil where no kernel ran.
    public var overhead: Double? {
        profile.flatMap { $0.kernelMilliseconds > 0 ? timings.median / $0.kernelMilliseconds : nil }
    }
}

extension NetworkProfile.Layer: Encodable {
    private enum CodingKeys: String, CodingKey {
        case layer, merged, `operator`, kernel, precision, ms, share, macs, gflops, copies_ms
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(layer, forKey: .layer)
        try values.encode(merged, forKey: .merged)
        try values.encode(operatorName, forKey: .operator)
        try values.encode(kernel, forKey: .kernel)
        try values.encode(precision, forKey: .precision)
        try values.encode(milliseconds, forKey: .ms)
        try values.encode(share, forKey: .share)
        try values.encode(multiplyAccumulates, forKey: .macs)
        try values.encode(gflops, forKey: .gflops)
        try values.encode(copies, forKey: .copies_ms)
    }
}
