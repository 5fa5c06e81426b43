import Foundation
import TesseraCore

/// What a node tells a peer about itself when it is asked.
public struct NodeStatus: Sendable, Codable, Equatable {
    /// A weight that a node holds.
    public struct Weight: Sendable, Codable, Equatable {
        public let hash: ContentHash
        public let byteCount: Int
    }

    public var state: NodeState
    /// How many tasks it works for.
    public var tasks: Int
    /// In the order of their hashes.
    public var weights: [Weight]

    init(state: NodeState, tasks: Int, weights: [ContentHash: Int]) {
        (self.state, self.tasks) = (state, tasks)
        self.weights = weights.map { Weight(hash: $0.key, byteCount: $0.value) }
            .sorted { $0.hash.hexadecimal < $1.hash.hexadecimal }
    }

    /// What is announced of the weights.
    public var weightSummary: NodeBeacon.Weights {
        let bytes = weights.reduce(0) { Shape.saturatingSum($0, $1.byteCount) }
        let text = weights.map { $0.hash.hexadecimal + "\n" }.joined()
        return .init(
            count: weights.count, byteCount: bytes,
            digest: weights.isEmpty ? "" : String(ContentHash(text: text).hexadecimal.prefix(16)))
    }
}

/// The messages by which a peer asks a node for its status.
enum StatusMessage {
    static let ask = "status"
    static let answer = "stated"

    struct Answer: Codable {
        let question: UUID
        let status: NodeStatus
    }
}
