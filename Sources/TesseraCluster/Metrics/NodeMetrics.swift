import Synchronization
import TesseraCore

/// What a node counts of its work, see `Node.metrics`.
final class NodeMetrics: Sendable {
    private struct Route: Hashable {
        let kind: String
        let isSent: Bool
    }

    private struct Traffic {
        var messages = 0
        var bytes = 0
    }

    private struct State {
        var traffic: [Route: Traffic] = [:]
        var tiles: [Int: Histogram] = [:]
        var preparations = Histogram()
        var inferences = Histogram()
        var failures: [TesseraError.Code: Int] = [:]
        var ignored = 0
        var tasks = 0
    }

    /// Stages by themselves; those that follow are counted together, so that no plan makes any number of families.
    private static let stageLimit = 100
    private static let kinds = Set(TaskMessage.kinds + ProbeMessage.kinds)

    private let state = Mutex(State())

    func sent(_ message: Message, copies: Int = 1) { count(message, isSent: true, copies) }

    func received(_ message: Message) { count(message, isSent: false, 1) }

    private func count(_ message: Message, isSent: Bool, _ copies: Int) {
        guard copies > 0 else { return }
        // Whatever others call their messages, there are so many kinds only.
        let kind = Self.kinds.contains(message.kind) ? message.kind : "other"
        let byteCount = message.payload.reduce(message.kind.utf8.count + message.body.count) { $0 + $1.count }
        state.withLock { state in
            state.traffic[Route(kind: kind, isSent: isSent), default: Traffic()].messages += copies
            state.traffic[Route(kind: kind, isSent: isSent), default: Traffic()].bytes += copies * byteCount
        }
    }

    func computed(stage: Int, in duration: Duration) {
        state.withLock { $0.tiles[min(stage, Self.stageLimit), default: Histogram()].add(duration) }
    }

    func prepared(in duration: Duration) {
        state.withLock { state in
            state.tasks += 1
            state.preparations.add(duration)
        }
    }

    /// This node led an inference.
    func led(for duration: Duration) { state.withLock { $0.inferences.add(duration) } }

    func failed(_ code: TesseraError.Code) { state.withLock { $0.failures[code, default: 0] += 1 } }

    func ignoredMessage() { state.withLock { $0.ignored += 1 } }

    var families: [MetricFamily] {
        let state = state.withLock { $0 }
        var messages = MetricFamily("tessera_messages_total", .counter, "Messages to and from other nodes.")
        var bytes = MetricFamily(
            "tessera_message_bytes_total", .counter, "Bytes of these messages, without what the transport adds.")
        let traffic = state.traffic.sorted {
            ($0.key.kind, $0.key.isSent ? 1 : 0) < ($1.key.kind, $1.key.isSent ? 1 : 0)
        }
        for (route, count) in traffic {
            let direction = route.isSent ? "sent" : "received"
            messages.add(Double(count.messages), ["kind": route.kind, "direction": direction])
            bytes.add(Double(count.bytes), ["kind": route.kind, "direction": direction])
        }
        var tiles = MetricFamily(
            "tessera_tile_seconds", .histogram, "What tiles of each stage took to compute, in seconds.")
        for (stage, histogram) in state.tiles.sorted(by: { $0.key < $1.key }) {
            tiles.add(histogram, ["stage": stage < Self.stageLimit ? "\(stage + 1)" : "later"])
        }
        var preparations = MetricFamily(
            "tessera_preparation_seconds", .histogram,
            "What tasks took from their layers until their tiles were compiled, in seconds.")
        preparations.add(state.preparations)
        var inferences = MetricFamily(
            "tessera_inference_seconds", .histogram, "What inferences took that this node led, in seconds.")
        inferences.add(state.inferences)
        var failures = MetricFamily(
            "tessera_task_failures_total", .counter,
            "Tasks that this node ended with an error, by its code; limit-exceeded for those it refused.")
        for code in TesseraError.Code.allCases {
            failures.add(Double(state.failures[code] ?? 0), ["code": code.rawValue])
        }
        return [
            messages, bytes, tiles, preparations, inferences, failures,
            MetricFamily("tessera_tasks_prepared_total", .counter, "Tasks that were ready.", value: state.tasks),
            MetricFamily(
                "tessera_messages_ignored_total", .counter,
                "Messages that could not be understood or belonged to no task.",
                value: state.ignored),
        ]
    }
}
