import Foundation
import TesseraCore
import TesseraPartition
import TesseraRuntime

/// What leader and nodes say to each other about one task, in the order it is said.
///
/// ```
/// leader                          node
///   lead      ────────────────▶         a notice to all: who leads which task (METHODS.md A7)
///   layers    ────────────────▶         hyperparameters, hashes of weights, precision, kernels, the plan (A1); hashes of all that
///             ◀────────────────  wanted  hashes of the weights it does not have
///   weights   ────────────────▶         those
///             ◀────────────────  ready   its tiles are compiled; the hashes that it derived itself
///   pieces    ────────────────▶         what a tile needs of the network's inputs (A4), for each tile of each inference
///             pieces  ◀──────▶  node    what a tile needs of what another node made, sent as soon as that exists
///             ◀────────────────  made    progress: the sub-map exists (A6)
///   collect   ────────────────▶         once all sub-maps that the leader needs exist
///             ◀────────────────  submap  its coordinates and elements
///   times     ────────────────▶         asks for what was noted, if the task is timed
///             ◀────────────────  noted   what the node did when
///   finished  ────────────────▶         the node forgets the task; weights it keeps
/// ```
/// A node that cannot reach another one says `forward` to the leader in place of `pieces`, and the leader passes them on. A
/// node that fails says `failed` at any point. Several inferences may be under way at once.
enum TaskMessage {
    static let lead = "lead"
    static let layers = "layers"
    static let wanted = "wanted"
    static let weights = "weights"
    static let ready = "ready"
    static let pieces = "pieces"
    static let forward = "forward"
    static let made = "made"
    static let collect = "collect"
    static let submap = "submap"
    static let times = "times"
    static let noted = "noted"
    static let finished = "finished"
    static let failed = "failed"

    static let kinds = [
        lead, layers, wanted, weights, ready, pieces, forward, made, collect, submap, times, noted, finished, failed,
    ]

    /// The body of `lead`, `times` and `finished`.
    struct Notice: Codable {
        let task: UUID
    }

    struct Layers: Codable {
        let task: UUID
        let graph: GraphDescription
        let strategy: String
        /// That of every node's kernels, whatever each would choose itself.
        let precision: PrecisionChoice
        /// By layer, where they were measured.
        let kernels: [String: KernelChoice]
        let stages: [StageDescription]
        /// The peer that is each node of the plan.
        let nodes: [PeerID]
        /// Where each of them listens, as far as the leader knows.
        let addresses: [String?]
        /// Stages whose output the leader needs at the end.
        let collected: [Int]
        /// The hashes of weights' regions that nodes need in place of the whole.
        let parts: [WeightRegion]
        /// Whether nodes note what they do when.
        let isTimed: Bool
        /// What the node must derive as well.
        let agreement: TaskAgreement
    }

    struct WeightRegion: Codable {
        let layer: Int
        let name: String
        let region: [[Int]]
        let hash: ContentHash
    }

    struct Ready: Codable {
        let task: UUID
        /// What the node derived.
        let agreement: TaskAgreement
    }

    struct StageDescription: Codable {
        struct Tile: Codable {
            let node: Int
            /// Half-open ranges for every axis.
            let region: [[Int]]
        }

        let output: Int
        let tiles: [Tile]

        init(_ choice: StageChoice) {
            output = choice.output
            tiles = choice.tiles.map { tile in
                Tile(node: tile.node, region: tile.region.bounds)
            }
        }

        func choice() throws -> StageChoice {
            StageChoice(
                output: output,
                tiles: try tiles.map { tile in
                    TileChoice(node: tile.node, region: try Region(bounds: tile.region))
                })
        }
    }

    struct Wanted: Codable {
        let task: UUID
        let hashes: [ContentHash]
    }

    /// The payload has one tensor for each entry, or the bytes that stand for it.
    struct Weights: Codable {
        struct Entry: Codable {
            let hash: ContentHash
            let shape: [Int]
            let elementType: ElementType
            /// See `CodedWeights`.
            let isCoded: Bool
        }

        let task: UUID
        let entries: [Entry]
    }

    /// The body of `submap`, and keys of others: one tile of one stage of one inference. The payload of `submap` is the region
    /// that the tile owns.
    struct Work: PlainBody, Hashable {
        let task: UUID
        let inference: Int
        let stage: Int
        let tile: Int

        init(task: UUID, inference: Int, stage: Int, tile: Int) {
            (self.task, self.inference, self.stage, self.tile) = (task, inference, stage, tile)
        }

        var plain: String { fields + "}" }

        /// Its keys, to which others may be added.
        fileprivate var fields: String {
            "{\"task\":\"\(task.uuidString)\",\"inference\":\(inference),\"stage\":\(stage),\"tile\":\(tile)"
        }

        init?(plain scanner: inout PlainScanner) {
            guard let work = Work(fields: &scanner), scanner.skips("}") else { return nil }
            self = work
        }

        fileprivate init?(fields scanner: inout PlainScanner) {
            guard let task = scanner.task(), scanner.skips(",\"inference\":"), let inference = scanner.number(),
                scanner.skips(",\"stage\":"), let stage = scanner.number(), scanner.skips(",\"tile\":"),
                let tile = scanner.number()
            else { return nil }
            self.init(task: task, inference: inference, stage: stage, tile: tile)
        }
    }

    /// The body of `pieces` and `forward`. The payload has the elements of each piece.
    struct Pieces: PlainBody {
        private enum CodingKeys: CodingKey { case pieces }

        let work: Work
        /// Indices in what `Plan.transfers(into:)` gives for the tile.
        let pieces: [Int]

        init(work: Work, pieces: [Int]) { (self.work, self.pieces) = (work, pieces) }

        var plain: String { work.fields + ",\"pieces\":[\(pieces.map(String.init).joined(separator: ","))]}" }

        init?(plain scanner: inout PlainScanner) {
            guard let work = Work(fields: &scanner), scanner.skips(",\"pieces\":"), let pieces = scanner.numbers(),
                scanner.skips("}")
            else { return nil }
            self.init(work: work, pieces: pieces)
        }

        init(from decoder: any Decoder) throws {
            work = try Work(from: decoder)
            pieces = try decoder.container(keyedBy: CodingKeys.self).decode([Int].self, forKey: .pieces)
        }

        func encode(to encoder: any Encoder) throws {
            try work.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(pieces, forKey: .pieces)
        }
    }

    struct Made: PlainBody {
        private enum CodingKeys: CodingKey { case sentByteCount }

        let work: Work
        /// Bytes of elements that went from the node to others.
        let sentByteCount: Int

        init(work: Work, sentByteCount: Int) { (self.work, self.sentByteCount) = (work, sentByteCount) }

        var plain: String { work.fields + ",\"sentByteCount\":\(sentByteCount)}" }

        init?(plain scanner: inout PlainScanner) {
            guard let work = Work(fields: &scanner), scanner.skips(",\"sentByteCount\":"),
                let sent = scanner.number(), scanner.skips("}")
            else { return nil }
            self.init(work: work, sentByteCount: sent)
        }

        init(from decoder: any Decoder) throws {
            work = try Work(from: decoder)
            sentByteCount = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .sentByteCount)
        }

        func encode(to encoder: any Encoder) throws {
            try work.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(sentByteCount, forKey: .sentByteCount)
        }
    }

    struct Collect: PlainBody {
        let task: UUID
        let inference: Int

        init(task: UUID, inference: Int) { (self.task, self.inference) = (task, inference) }

        var plain: String { "{\"task\":\"\(task.uuidString)\",\"inference\":\(inference)}" }

        init?(plain scanner: inout PlainScanner) {
            guard let task = scanner.task(), scanner.skips(",\"inference\":"), let inference = scanner.number(),
                scanner.skips("}")
            else { return nil }
            self.init(task: task, inference: inference)
        }
    }

    /// By the clock of the node.
    struct Noted: Codable {
        let task: UUID
        let work: [TimedWork]
        /// Whether that is all there was.
        let isComplete: Bool
    }

    struct Failure: Codable {
        let task: UUID
        let code: String
        let message: String
    }
}
