import Foundation
import TesseraCluster
import TesseraCore

/// The nodes of a cluster, as a table and as JSON.
public struct StatusReport: Encodable, Sendable, CustomStringConvertible {
    public struct Row: Encodable, Sendable {
        public struct Weights: Encodable, Sendable {
            public let count: Int
            public let bytes: Int
            /// Of all hashes; equal for nodes that hold the same.
            public let digest: String
            /// Nil for a node that was not reached.
            public let hashes: [String]?
        }

        public let name: String?
        public let address: String
        /// `idle`, `working` or `leaving`; `unreachable`; `gone` for a node that announced itself and does not any more.
        public let state: String
        public let tasks: Int?
        public let identity: String?
        public let cores: Int?
        public let instruction_set: String?
        public let memory_bytes: Int?
        public let precisions: [String]
        public let weights: Weights?
        public let build: String?
        /// Nil for a node that was neither reached nor heard.
        public let seen_seconds_ago: Double?
        /// Whether the node was reached, so that what is told is its own word and not an announcement.
        public let reached: Bool
        /// Why it was not.
        public let error: String?
    }

    public let nodes: [Row]

    public init(_ observed: [ObservedNode], at now: ContinuousClock.Instant = .now) {
        nodes = observed.map { Row($0, at: now) }
    }

    public var description: String {
        var table = TextTable(
            header: [
                "node", "address", "state", "cores", "ISA", "memory", "precisions", "weights", "build", "seen",
            ])
        for node in nodes {
            table.add([
                node.name ?? "?", node.address, node.state, node.cores.map(String.init) ?? "-",
                node.instruction_set.flatMap { $0.isEmpty ? nil : $0 } ?? "-",
                node.memory_bytes.map { $0 == 0 ? "-" : ByteCount($0).description } ?? "-",
                node.precisions.isEmpty ? "-" : node.precisions.joined(separator: ","),
                node.weights.map { $0.count == 0 ? "none" : "\($0.count), \(ByteCount($0.bytes))" } ?? "-",
                node.build ?? "-", node.seen,
            ])
        }
        return table.description
    }
}

extension StatusReport.Row {
    fileprivate init(_ node: ObservedNode, at now: ContinuousClock.Instant) {
        (name, address, identity) = (node.name?.name, node.address, node.identity)
        (cores, instruction_set, memory_bytes) = (node.cores, node.instructionSet, node.memory)
        (precisions, build) = (node.precisions, node.build)
        tasks = node.status?.tasks
        weights = node.weights.map { weights in
            Weights(
                count: weights.count, bytes: weights.byteCount, digest: weights.digest,
                hashes: node.status?.weights.map(\.hash.hexadecimal))
        }
        seen_seconds_ago = node.seen.map { max(0, (now - $0) / .seconds(1)) }
        switch node.state {
        case .reached(let state): (self.state, reached, error) = (state.rawValue, true, nil)
        case .unreachable(let reason): (state, reached, error) = ("unreachable", false, reason)
        case .gone: (state, reached, error) = ("gone", false, nil)
        }
    }

    fileprivate var seen: String {
        guard let seconds = seen_seconds_ago else { return "never" }
        return reached ? "now" : "\(Int(seconds.rounded())) s ago"
    }
}
