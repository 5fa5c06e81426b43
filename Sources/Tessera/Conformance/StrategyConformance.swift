import TesseraCore
import TesseraOneDNN
import TesseraPartition
import TesseraRuntime

/// What every partition strategy must do, whatever the network and the number of nodes.
struct StrategyConformance: Sendable {
    private static let nodeCounts = [1, 2, 3, 5, 7]

    private let strategy: any PartitionStrategy
    private let name: String
    private let seed: UInt64
    private let networks: [ConformanceNetworks.Case]

    init(_ strategy: any PartitionStrategy, named name: String, seed: UInt64) throws {
        (self.strategy, self.name, self.seed) = (strategy, name, seed)
        networks = try ConformanceNetworks.all()
    }

    var checks: [ConformanceCheck] {
        [
            ConformanceCheck("every pixel of every stage is made by exactly one node") {
                try forEach { graph, nodes in _ = try plan(graph, nodes) }
            },
            ConformanceCheck("the same network and nodes give the same plan") {
                try forEach { graph, nodes in
                    let (first, second) = (try plan(graph, nodes), try plan(graph, nodes))
                    guard first.stages.map(\.choice) == second.stages.map(\.choice) else {
                        throw BrokenPromise(description: "expected the same stages again, found others")
                    }
                }
            },
            ConformanceCheck("threads that use it at once get the same plan") {
                // One size of each structure, since some strategies take their time.
                for (index, network) in networks.enumerated() where index.isMultiple(of: 3) {
                    let expected = try plan(network.graph, 3).stages.map(\.choice)
                    try ConformanceCheck.atOnce { try plan(network.graph, 3).stages.map(\.choice) == expected }
                }
            },
            ConformanceCheck("a partitioned run equals the whole to the bit") { try runsEqualTheWhole() },
        ]
    }

    private func plan(_ graph: BoundGraph, _ nodes: Int) throws -> Plan {
        try Plan(graph, nodes: nodes, strategy: strategy, named: name)
    }

    private func forEach(_ body: (BoundGraph, Int) throws -> Void) throws {
        for network in networks {
            for nodes in Self.nodeCounts { try Self.naming(network, nodes) { try body(network.graph, nodes) } }
        }
    }

    private func runsEqualTheWhole() throws {
        let backend = OneDNNBackend()
        for (index, network) in networks.enumerated() {
            // The smallest number of nodes that cuts, and one that divides nothing.
            let nodes = index.isMultiple(of: 2) ? 2 : 5
            try Self.naming(network, nodes) {
                let inputs = try network.graph.randomInputs(seed: seed)
                let whole = try Session(network.graph, backend: backend).run(inputs)
                guard try plan(network.graph, nodes).run(inputs, backend: backend) == whole else {
                    throw BrokenPromise(description: "the results differ, seed \(seed)")
                }
            }
        }
    }

    private static func naming(_ network: ConformanceNetworks.Case, _ nodes: Int, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            throw BrokenPromise(description: "\(network.name), \(nodes) nodes: \(error)")
        }
    }
}
