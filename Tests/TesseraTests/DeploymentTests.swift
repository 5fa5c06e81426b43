import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// A network on several nodes gives what one node gives, to the bit.
@Suite(.serialized) struct DeploymentTests {
    enum Place: String, CaseIterable {
        case loopback, tcp, processes
    }

    static let networks: [(name: String, input: Shape)] = [
        ("dncnn", [1, 1, 512, 512]), ("dncnn", [1, 1, 131, 97]), ("resnet20", [2, 3, 32, 32]),
    ]

    @Test(
        "2, 3, 4 and 7 nodes equal one, for each strategy and transport",
        arguments: Place.allCases, networks.indices)
    func equality(_ place: Place, _ network: Int) async throws {
        let (name, shape) = Self.networks[network]
        let (graph, inputs) = try Self.load(name, shape)
        let expected = try Self.single(graph, inputs)
        for strategy in ["vertical", "fused-grid"] {
            for nodes in [2, 3, 4, 7] {
                let deployment = try await Self.deploy(graph, strategy, nodes, place)
                let (outputs, report) = try await deployment.run(inputs)
                await deployment.close()
                #expect((outputs == expected) as Bool, "\(name) \(shape), \(strategy), \(nodes) nodes, \(place)")
                #expect(report.bytesSent > 0 && report.bytesReceived > 0)
            }
        }
    }

    @Test("cuts after chosen layers, more tiles than nodes, and two threads a node")
    func cuts() async throws {
        let (graph, inputs) = try Self.load("resnet20", [1, 3, 32, 32])
        let expected = try Self.single(graph, inputs)
        let partition = PartitionChoice(
            strategy: "fused-grid",
            options: .map([
                ("tiles", [3, 2].configuration), ("cut_after", ["layer1.2.relu2", "layer2.2.relu2"].configuration),
            ]))
        let deployment = try await Deployment.start(
            graph, partition: partition, transport: nil, members: .local(4), threads: 2)
        #expect(deployment.plan.stages.count == 3)
        let (outputs, _) = try await deployment.run(inputs)
        #expect((outputs == expected) as Bool)
        let (again, _) = try await deployment.run(inputs)
        #expect((again == expected) as Bool, "a second inference of the same deployment")
        await deployment.close()
    }

    @Test("nodes send each other what the next stage lacks, as many bytes as the plan says", arguments: Place.allCases)
    func exchange(_ place: Place) async throws {
        let (graph, inputs) = try Self.load("resnet20", [1, 3, 32, 32])
        let expected = try Self.single(graph, inputs)
        let partition = PartitionChoice(
            strategy: "fused-grid",
            options: .map([("tiles", [4, 1].configuration), ("cut_after", ["add", "relu"].configuration)]))
        let deployment = try await Deployment.start(
            graph, partition: partition, transport: TransportChoice(kind: place == .loopback ? "loopback" : "tcp"),
            members: place == .processes ? .spawned(4, executable: TestFiles.executable) : .local(4))
        let plan = deployment.plan
        #expect(plan.stages.count > 10)
        let between = plan.stages.indices.reduce(0) { sum, stage in
            zip(plan.stages[stage].tiles, plan.transfers(into: stage)).reduce(sum) { sum, needs in
                needs.1.filter { $0.source != .leader && $0.source != .node(needs.0.node) }
                    .reduce(sum) { $0 + $1.byteCount }
            }
        }
        for _ in 0..<2 {
            let (outputs, report) = try await deployment.run(inputs)
            #expect((outputs == expected) as Bool, "\(place)")
            #expect(report.bytesExchanged == between && between > 0)
        }
        await deployment.close()
    }

    @Test("linear layers that several nodes have parts of give what one node gives", arguments: Place.allCases)
    func head(_ place: Place) async throws {
        let network = try NetworkLoader(operators: .builtin).load(TestFiles.network("lenet5"))
        var generator = SeededGenerator(seed: 7)
        let inputs = ["digit": try Tensor.random([2, 1, 32, 32], using: &generator)]
        let graph = try network.bound(inputs: ["digit": [2, 1, 32, 32]])
        let expected = try Self.single(graph, inputs)
        for strategy in ["channel", "pipeline"] {
            let deployment = try await Self.deploy(graph, strategy, 3, place)
            let plan = deployment.plan
            #expect(plan.remainingLayers.isEmpty, "\(strategy)")
            #expect(plan.stages.contains { plan.graph.shapes[$0.output].rank == 2 }, "\(strategy)")
            #expect(plan.busyNodes == [0, 1, 2], "\(strategy)")
            let (outputs, _) = try await deployment.run(inputs)
            await deployment.close()
            #expect((outputs == expected) as Bool, "\(strategy), \(place)")
        }
    }

    @Test("a stream gives every output in order, and ends with the first error")
    func stream() async throws {
        let (graph, inputs) = try Self.load("dncnn", [1, 1, 20, 24])
        let image = try #require(inputs["image"]).floats()
        func input(_ index: Int) throws -> [String: Tensor] {
            ["image": try Tensor(image.map { $0 + Float(index) }, shape: [1, 1, 20, 24])]
        }
        let deployment = try await Self.deploy(graph, "vertical", 3, .loopback)
        var outputs: [[String: Tensor]] = []
        let report = try await deployment.stream(atOnce: 4) {
            $0 < 10 ? try input($0) : nil
        } output: { index, output in
            #expect(index == outputs.count)
            outputs.append(output)
        }
        #expect(report.inferences == 10 && report.latencies.count == 10 && report.throughput > 0)
        for (index, output) in outputs.enumerated() {
            #expect((output == (try Self.single(graph, input(index)))) as Bool, "\(index)")
        }
        await #expect(throws: TesseraError.self) {
            try await deployment.stream(atOnce: 2) { index in
                if index == 3 { throw TesseraError(.inputOutput, "no more") }
                return try input(index)
            } output: { _, _ in
            }
        }
        await deployment.close()
    }

    @Test("more nodes than rows: those without a tile stay idle")
    func moreNodesThanRows() async throws {
        let (graph, inputs) = try Self.load("dncnn", [1, 1, 3, 40])
        let deployment = try await Self.deploy(graph, "vertical", 7, .loopback)
        #expect(deployment.plan.busyNodes == [0, 1, 2])
        let (outputs, _) = try await deployment.run(inputs)
        await deployment.close()
        #expect((outputs == (try Self.single(graph, inputs))) as Bool)
    }

    @Test("a map of one pixel", arguments: ["vertical", "fused-grid"])
    func onePixel(_ strategy: String) async throws {
        let (graph, inputs) = try Self.load("dncnn", [1, 1, 1, 1])
        let deployment = try await Self.deploy(graph, strategy, 3, .tcp)
        let (outputs, _) = try await deployment.run(inputs)
        await deployment.close()
        #expect((outputs == (try Self.single(graph, inputs))) as Bool)
    }

    @Test("a network with nothing to cut runs on its leader, and the plan says so", arguments: Place.allCases)
    func nothingToCut(_ place: Place) async throws {
        let network = try NetworkLoader(operators: .builtin).load(
            text: """
                tessera: 1
                name: perceptron
                inputs: {x: {shape: [1, 8]}}
                weights: {random: 1}
                layers:
                  - linear: 5
                  - relu
                  - linear: {name: y, features: 3}
                outputs: [y]
                """, file: "perceptron.yaml")
        let graph = try network.bound()
        let inputs = ["x": try Tensor((0..<8).map { Float($0) - 3 }, shape: [1, 8])]
        let deployment = try await Self.deploy(graph, "vertical", 2, place)
        #expect(deployment.plan.description.contains("nothing can be cut in space"))
        let (outputs, _) = try await deployment.run(inputs)
        await deployment.close()
        #expect((outputs == (try Self.single(graph, inputs))) as Bool)
    }

    // MARK: Helpers

    static func load(_ name: String, _ shape: Shape) throws -> (BoundGraph, [String: Tensor]) {
        let network = try NetworkLoader(operators: .builtin).load(TestFiles.network(name))
        var generator = SeededGenerator(seed: 7)
        return (try network.bound(inputs: ["image": shape]), ["image": try Tensor.random(shape, using: &generator)])
    }

    static func single(_ graph: BoundGraph, _ inputs: [String: Tensor]) throws -> [String: Tensor] {
        try Session(graph, backend: OneDNNBackend(), options: CompileOptions(threads: 2)).run(inputs)
    }

    static func deploy(_ graph: BoundGraph, _ strategy: String, _ nodes: Int, _ place: Place) async throws -> Deployment
    {
        try await Deployment.start(
            graph, partition: PartitionChoice(strategy: strategy),
            transport: TransportChoice(kind: place == .loopback ? "loopback" : "tcp"),
            members: place == .processes ? .spawned(nodes, executable: TestFiles.executable) : .local(nodes))
    }
}
