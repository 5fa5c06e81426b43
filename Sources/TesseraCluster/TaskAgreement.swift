import Foundation
import TesseraCore
import TesseraPartition
import TesseraRuntime

/// What leader and node must have in common before a node computes for a task. Each derives it from what it has itself, and refuses
/// an other that derived something else.
struct TaskAgreement: Codable, Equatable, Sendable {
    /// The hash of the layers with their options, the hashes of their weights, and the shape and type of every value.
    let network: ContentHash
    /// The hash of every tile's node and regions, what it reads included.
    let plan: ContentHash
    /// The precision of the layers, as text.
    let precision: String

    private struct Network: Encodable {
        let graph: GraphDescription
        let shapes: [[Int]]
        let elementTypes: [ElementType]
    }

    private struct Cut: Encodable {
        struct Tile: Encodable {
            let node: Int
            let region: [[Int]]
            let inputs: [Input]
        }

        struct Input: Encodable {
            let value: Int
            let region: [[Int]]
        }

        struct Stage: Encodable {
            let output: Int
            let tiles: [Tile]
        }

        let nodes: Int
        let stages: [Stage]
        let collected: [Int]
    }

    /// - Parameters:
    ///   - plan: over the layers of the span, as this side derived it.
    ///   - graph: describes the plan's graph.
    ///   - collected: stages whose output the leader needs at the end.
    init(_ plan: Plan, graph: GraphDescription, precision: PrecisionChoice, collected: [Int]) throws {
        network = try Self.hash(
            Network(
                graph: graph, shapes: plan.graph.shapes.map(\.dimensions), elementTypes: plan.graph.elementTypes))
        self.plan = try Self.hash(
            Cut(
                nodes: plan.nodeCount,
                stages: plan.stages.map { stage in
                    Cut.Stage(
                        output: stage.output,
                        tiles: stage.tiles.map { tile in
                            Cut.Tile(
                                node: tile.node, region: tile.region.bounds,
                                inputs: tile.inputs.map { Cut.Input(value: $0.value, region: $0.region.bounds) })
                        })
                }, collected: collected))
        let layers = precision.layers.sorted { $0.key < $1.key }.map { ", \($0.key): \($0.value.rawValue)" }
        self.precision = precision.base.rawValue + layers.joined()
    }

    /// The hash of JSON that is the same on both sides.
    private static func hash(_ value: some Encodable) throws -> ContentHash {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return ContentHash(text: String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Checks that the other side derived the same.
    ///
    /// - Throws: `protocolViolation` that names what both have.
    func require(_ other: TaskAgreement, of peer: PeerID, here own: PeerID) throws {
        let pairs = [
            ("network hash", network.hexadecimal, other.network.hexadecimal),
            ("plan hash", plan.hexadecimal, other.plan.hexadecimal), ("precision", precision, other.precision),
        ]
        for (what, expected, found) in pairs where expected != found {
            throw TesseraError(
                .protocolViolation,
                "expected the \(what) \(expected) as '\(own)' derives it, found \(found) from '\(peer)'")
        }
    }
}
