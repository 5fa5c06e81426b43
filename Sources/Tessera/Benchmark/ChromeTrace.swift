import TesseraCore
import TesseraRuntime

/// Profiled inferences as events over time, in the trace event format that chrome://tracing and https://ui.perfetto.dev show:
/// `docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU`.
///
/// One process, named like the network, has one thread. On it each inference is a complete event (`ph: X`) with its steps in it.
/// Times are microseconds.
public struct ChromeTrace: Sendable, Encodable {
    struct Event: Sendable, Encodable {
        var name: String
        /// `inference`, `kernel` or `copy`; none for metadata.
        var cat: String?
        var ph: String
        var ts: Double?
        var dur: Double?
        let pid = 1
        let tid = 1
        var args: Arguments
    }

    struct Arguments: Sendable, Encodable {
        /// Of metadata: what the process or thread is called.
        var name: String?
        var number: Int?
        var kernel: String?
        var `operator`: String?
        var precision: String?
        var merged: [String]?
        var macs: Int?
        var gflops: Double?
    }

    let traceEvents: [Event]
    let displayTimeUnit = "ms"

    /// - Parameters:
    ///   - name: the network's.
    ///   - count: how many of the profile's runs to show.
    public init(_ profile: NetworkProfile, named name: String, runs count: Int = 5) {
        let layers = Dictionary(profile.layers.map { ($0.layer, $0) }, uniquingKeysWith: { first, _ in first })
        var events = [
            Event(name: "process_name", ph: "M", args: Arguments(name: name)),
            Event(name: "thread_name", ph: "M", args: Arguments(name: "inference")),
        ]
        for (number, run) in profile.runs.prefix(count).enumerated() {
            events.append(
                Event(
                    name: "inference \(number + 1)", cat: "inference", ph: "X", ts: run.start.microseconds,
                    dur: run.duration.microseconds, args: Arguments(number: number + 1)))
            for step in run.steps {
                events.append(Self.event(step, of: layers[step.layer], since: run.start))
            }
        }
        traceEvents = events
    }

    private static func event(_ step: StepSpan, of layer: NetworkProfile.Layer?, since start: Duration) -> Event {
        var arguments = Arguments(kernel: step.implementation)
        if step.kind == .kernel, let layer {
            arguments.operator = layer.operatorName
            arguments.precision = layer.precision.rawValue
            arguments.merged = layer.merged.isEmpty ? nil : layer.merged
            arguments.macs = layer.multiplyAccumulates
            arguments.gflops = BenchmarkReport.gflops(layer.multiplyAccumulates, in: step.duration.milliseconds)
        }
        return Event(
            name: step.layer, cat: step.kind.rawValue, ph: "X", ts: (start + step.start).microseconds,
            dur: step.duration.microseconds, args: arguments)
    }

    /// The trace as JSON.
    public var json: String { get throws { try readableJSON(self) } }
}

extension Duration {
    /// To the nanosecond.
    fileprivate var microseconds: Double {
        Double(components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000) / 1000
    }
}
