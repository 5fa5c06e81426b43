import Foundation
import TesseraCore
import TesseraNetwork
import TesseraRuntime

/// Measures how long a network takes on this machine.
///
/// ```swift
/// let report = try Benchmark(seconds: 1, isProfiled: true).measure("resnet50.yaml", inputs: ["image": [1, 3, 224, 224]])
/// print(report)
/// ```
public struct Benchmark: Sendable {
    /// Threads and precision.
    public var options: CompileOptions
    /// How long to repeat the inference. There are at least `minimumRuns` runs.
    public var seconds: Double
    /// Inferences between the first one, which is timed by itself, and those that are measured.
    public var warmUp: Int
    /// Whether to measure each layer, too, in inferences of its own after the others.
    public var isProfiled: Bool

    /// Whether layers are merged first, see `Network.folded`.
    public var fold = true
    /// Whether kernels are measured first, see `KernelCache`.
    public var tune = false

    public static let minimumRuns = 3
    /// Runs beyond this many are not made: their times would only take memory.
    public static let maximumRuns = 1_000_000
    /// Profiled inferences, of which each keeps the times of all its steps.
    static let profiledRuns = 3...50

    public init(
        options: CompileOptions = CompileOptions(), seconds: Double = 3, warmUp: Int = 2, isProfiled: Bool = false
    ) {
        (self.options, self.seconds, self.warmUp, self.isProfiled) = (options, seconds, warmUp, isProfiled)
    }

    /// Reads a network, compiles it, and measures inferences on random inputs.
    ///
    /// - Parameter inputs: the shape of every input whose declared shape leaves sizes open.
    public func measure(
        _ path: String, weights: WeightSource? = nil, inputs: [String: Shape] = [:], modules: Modules = .builtin
    ) throws -> BenchmarkReport {
        let stopwatch = LoadingStopwatch()
        let network = try modules.loader.load(path, weights: weights)
        let backend = try modules.backends.make(Modules.defaultBackend)
        let tensors = try network.randomInputs(inputs)
        return try measure(network, inputs: tensors, backend: backend, since: stopwatch)
    }

    /// Compiles a network and measures inferences.
    ///
    /// - Parameters:
    ///   - inputs: a tensor for every input.
    ///   - stopwatch: what was started when the loading of the network's file began.
    /// - Throws: `invalidArgument` for settings that make no sense, `notSupported` for a profile of a network whose shapes depend
    ///   on data, and what compiling and running throw.
    public func measure(
        _ network: Network, inputs: [String: Tensor], backend: any KernelBackend,
        since stopwatch: LoadingStopwatch = LoadingStopwatch()
    ) throws -> BenchmarkReport {
        try check()
        let session = try network.session(
            inputs: inputs.mapValues(\.shape), backend: backend, options: options, fold: fold, tune: tune)
        let loading = stopwatch.elapsed
        let whole = session.whole
        var request = try whole?.request(inputs)
        func run() throws {
            if request == nil { _ = try session.run(inputs) } else { try request?.run() }
        }
        let first = try Self.time(run)
        for _ in 0..<warmUp { try run() }
        let timings = try measure(run)
        let peak = ProcessMemory.peakByteCount
        var report = BenchmarkReport(
            network: network.name, backend: backend.name, options: options, timings: timings,
            loading: loading.milliseconds, first: first.milliseconds, start: stopwatch.beforeLoading,
            startByteCount: stopwatch.peakByteCount,
            peakByteCount: peak, activationByteCount: whole?.activationByteCount,
            multiplyAccumulates: whole?.graph.multiplyAccumulates.reduce(0, Shape.saturatingSum))
        guard isProfiled else { return report }
        guard let whole else {
            throw TesseraError(
                .notSupported, "the layers of '\(network.name)' cannot be measured: its shapes depend on what it reads")
        }
        report.profile = NetworkProfile(whole, options: options, runs: try profile(whole, inputs))
        return report
    }

    private func check() throws {
        guard seconds.isFinite, (0...86_400).contains(seconds) else {
            throw TesseraError(.invalidArgument, "expected 0 to 86400 seconds, found \(seconds)")
        }
        guard (0...Self.maximumRuns).contains(warmUp) else {
            throw TesseraError(
                .invalidArgument, "expected 0 to \(Self.maximumRuns) inferences to warm up, found \(warmUp)")
        }
    }

    /// Repeats `body`. Nothing is allocated here while it does, beyond what the times themselves take.
    private func measure(_ body: () throws -> Void) throws -> Timings {
        var times: [Duration] = []
        times.reserveCapacity(1 << 16)
        let limit = Duration.seconds(seconds)
        let start = ContinuousClock.now
        var last = start
        repeat {
            try body()
            let now = ContinuousClock.now
            times.append(now - last)
            last = now
        } while times.count < Self.minimumRuns || (last - start < limit && times.count < Self.maximumRuns)
        return Timings(milliseconds: times.map(\.milliseconds))
    }

    func profile(_ session: Session, _ inputs: [String: Tensor]) throws -> [NetworkProfile.Run] {
        try profile([(session, inputs)])[0]
    }

    /// Runs several sessions in turn, again and again.
    func profile(_ subjects: [(session: Session, inputs: [String: Tensor])]) throws -> [[NetworkProfile.Run]] {
        var runs: [[NetworkProfile.Run]] = subjects.map { _ in [] }
        let limit = Duration.seconds(seconds)
        // The first round finds the profiling itself cold.
        for subject in subjects { _ = try subject.session.profile(subject.inputs) }
        let start = ContinuousClock.now
        var rounds = 0
        repeat {
            for (index, subject) in subjects.enumerated() {
                let begin = ContinuousClock.now
                let steps = try subject.session.profile(subject.inputs)
                runs[index].append(
                    NetworkProfile.Run(start: begin - start, duration: ContinuousClock.now - begin, steps: steps))
            }
            rounds += 1
        } while rounds < Self.profiledRuns.lowerBound
            || (ContinuousClock.now - start < limit && rounds < Self.profiledRuns.upperBound)
        return runs
    }

    private static func time(_ body: () throws -> Void) rethrows -> Duration {
        let start = ContinuousClock.now
        try body()
        return ContinuousClock.now - start
    }
}

extension Duration {
    public var milliseconds: Double { Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15 }
}
