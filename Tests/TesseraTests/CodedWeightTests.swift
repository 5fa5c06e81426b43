import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// Weights that are compressed on their way to nodes.
@Suite struct CodedWeightTests {
    private let hub = LoopbackHub()

    private func dncnn(
        _ yaml: String
    ) throws -> (graph: BoundGraph, coded: CodedWeights, before: BoundGraph, inputs: [String: Tensor]) {
        let network = try Modules.builtin.loader.load(TestFiles.network("dncnn")).folded()
        let choice = try WeightsChoice(configuration: YAMLReader.parse(yaml, file: "weights"))
        let inputs = ["image": try Tensor((0..<480).map { Float($0 % 17) / 17 }, shape: [1, 1, 20, 24])]
        let shapes = inputs.mapValues(\.shape)
        let (deployed, coded) = try network.coded(
            by: choice.compression, inputs: shapes, modules: .builtin, backend: OneDNNBackend(), threads: 2)
        return (try deployed.bound(inputs: shapes), coded, try network.bound(inputs: shapes), inputs)
    }

    private func byteCount(_ graph: BoundGraph) -> Int {
        graph.parameters.flatMap(\.values).reduce(0) { $0 + $1.byteCount }
    }

    private func start(
        _ graph: BoundGraph, _ coded: CodedWeights, strategy: String = "vertical", transport: String = "loopback"
    ) async throws -> Deployment {
        try await .start(
            graph, partition: PartitionChoice(strategy: strategy), transport: TransportChoice(kind: transport),
            members: .local(2), coded: coded)
    }

    @Test(
        "fewer bytes go to nodes, which come to what one device comes to with the weights that come back",
        arguments: ["loopback", "tcp"])
    func deployment(transport: String) async throws {
        let (graph, coded, before, inputs) = try dncnn("{codec: zstd, bits: 8}")
        let expected = try DeploymentTests.single(graph, inputs)
        // 8 bits are not the network that was given.
        #expect(try DeploymentTests.single(before, inputs) != expected)
        let plain = try await start(graph, CodedWeights(), transport: transport)
        let small = try await start(graph, coded, transport: transport)
        #expect((try await small.run(inputs).outputs == expected) as Bool)
        #expect((try await plain.run(inputs).outputs == expected) as Bool)
        let (many, few) = (await plain.distributedByteCount, await small.distributedByteCount)
        #expect(await plain.savedByteCount == 0)
        // Messages say little more of one than of the other.
        #expect(abs(many - few - (await small.savedByteCount)) < 10_000)
        #expect(many > byteCount(graph) && few < many / 3, "\(many) bytes, and \(few)")
        await plain.close()
        await small.close()
    }

    @Test("nodes that need parts of weights get these as they are")
    func parts() async throws {
        let (graph, coded, _, inputs) = try dncnn("{codec: zstd, bits: 8}")
        let deployment = try await start(graph, coded, strategy: "channel")
        #expect((try await deployment.run(inputs).outputs == DeploymentTests.single(graph, inputs)) as Bool)
        await deployment.close()
    }

    @Test("without a codec, and with one that saves nothing, weights go as they are")
    func nothingToSave() async throws {
        #expect(try dncnn("weights.safetensors").coded.isEmpty)
        let weight = try Tensor([1, 2, 3, 4], shape: [2, 2])
        var coded = CodedWeights()
        coded.add([UInt8](repeating: 0, count: 16), for: weight)
        #expect(coded.isEmpty)
    }

    @Test("bytes that are none, or stand for another weight, are refused by the node and named by the leader")
    func wrongBytes() async throws {
        let (graph, _, _, _) = try dncnn("weights.safetensors")
        let weights = graph.parameters.flatMap(\.values).filter { $0.byteCount > 100_000 }
        let (first, second) = (try #require(weights.first), try #require(weights.dropFirst().first))
        let other = try CompressedWeights(
            layers: [
                LayerEncoder(CompressibleTensor("w", second)).encode(
                    LayerSettings("zstd", Modules.builtin.weightCodecs.make("zstd", .empty)))
            ], exact: nil)
        let wrongs = [
            ([1, 2, 3], "is not a valid file of compressed weights"),
            (try other.encoded(), "expected a weight with hash"),
        ]
        for (bytes, message) in wrongs {
            var coded = CodedWeights()
            coded.add(bytes, for: first)
            do {
                _ = try await start(graph, coded)
                Issue.record("expected an error with '\(message)'")
            } catch {
                #expect("\(error)".contains(message), "\(error)")
            }
        }
    }

    @Test("bytes are refused that stand for anything but the weight that was announced")
    func decoderGuards() throws {
        let weight = try Tensor((0..<600).map { Float($0 % 7) }, shape: [20, 30])
        let zstd = LayerSettings("zstd", try Modules.builtin.weightCodecs.make("zstd", .empty))
        let layer = try LayerEncoder(CompressibleTensor("w", weight)).encode(zstd)
        let other = try LayerEncoder(CompressibleTensor("v", weight)).encode(zstd)
        let exact = try ExactTensors([("b", weight)], codecName: "zstd", codec: zstd.codec)
        let decoder = CompressedWeightDecoder()
        let good = try CompressedWeights(layers: [layer], exact: nil).encoded()
        #expect(try decoder.tensor(of: good, shape: [20, 30], elementType: .f32) == layer.decoded)
        let message = "expected one compressed weight of"
        expectError(.protocolViolation, message) { try decoder.tensor(of: good, shape: [30, 20], elementType: .f32) }
        expectError(.protocolViolation, message) { try decoder.tensor(of: good, shape: [20, 30], elementType: .i8) }
        for file in [
            CompressedWeights(layers: [layer, other], exact: nil), CompressedWeights(layers: [layer], exact: exact),
            CompressedWeights(layers: [], exact: exact),
        ] {
            expectError(.protocolViolation, message) {
                try decoder.tensor(of: file.encoded(), shape: [20, 30], elementType: .f32)
            }
        }
        // An index of 200 000 numbers, for a weight of four bytes.
        var large = layer
        large.entry.order = [Int](repeating: 100_000, count: 200_000)
        expectError(.malformedFile, "an index of at most") {
            try decoder.tensor(
                of: CompressedWeights(layers: [large], exact: nil).encoded(), shape: [1], elementType: .f32)
        }
    }

    @Test(
        "a node refuses coded weights of shapes that are none, of more than it may hold, and of more bytes than the weight",
        arguments: [
            ([-3, 2], "expected the shape"), ([1 << 40, 2], "the limit 'weights'"), ([1], "expected fewer than 4"),
        ])
    func forged(shape: [Int], expected: String) async throws {
        let equipment = try NodeEquipment(.builtin)
        let node = await equipment.node(on: try hub.join(equipment.information(named: "node")))
        let forger = try hub.join(equipment.information(named: "forger"))
        let id = UUID()
        try await forger.send(Message(kind: "lead", body: ["task": id.uuidString]), to: "node")
        let weights: [String: Configuration] = [
            "task": id.uuidString.configuration,
            "entries": Configuration(
                .list([
                    .map([
                        ("hash", ContentHash(text: "w").hexadecimal.configuration), ("shape", shape.configuration),
                        ("elementType", "f32".configuration), ("isCoded", true.configuration),
                    ])
                ])),
        ]
        try await forger.send(Message(kind: "weights", body: weights, payload: [Blob([1, 2, 3, 4])]), to: "node")
        for await case .received(let message, _) in forger.events where message.kind == "failed" {
            #expect(String(decoding: message.body, as: UTF8.self).contains(expected))
            break
        }
        await node.close()
    }

    @Test("what others may not decode alike goes as it is", arguments: ["opus", "aac"])
    func inexactCodecs(name: String) throws {
        #expect(try dncnn("{codec: \(name)}").coded.isEmpty)
    }

    @Test("a node without a decoder says so")
    func noDecoder() async throws {
        let (graph, coded, _, _) = try dncnn("{codec: zstd}")
        let equipment = ClusterTaskTests.equipment
        let leader = await equipment.node(on: try hub.join(equipment.information(named: "leader")))
        let node = await equipment.node(on: try hub.join(equipment.information(named: "a")))
        let plan = try PartitionChoice().plan(graph, nodes: 1, strategies: .builtin)
        do {
            _ = try await ClusterTask.lead(plan, on: leader, peers: ["a"], coded: coded)
            Issue.record("expected an error")
        } catch {
            #expect("\(error)".contains("expected weights as they are, found coded ones"), "\(error)")
        }
        await node.close()
        await leader.close()
    }

    @Test("what is said of compression without a codec is refused, and what is wrong with a codec")
    func choices() throws {
        for (yaml, message) in [
            ("{bits: 8}", "expected a 'codec'"), ("{file: w.tcw, block: [8, 8]}", "expected a 'codec'"),
            ("{codec: zstd, bits: 17}", "from 1 to 16"), ("{codes: zstd}", "did you mean 'codec'?"),
        ] {
            do {
                let choice = try WeightsChoice(configuration: YAMLReader.parse(yaml, file: "weights"))
                Issue.record("\(yaml) was read as \(choice)")
            } catch {
                #expect("\(error)".contains(message), "\(error)")
            }
        }
        expectError(.notFound, "did you mean 'zstd'?") { try dncnn("{codec: zstt}") }
    }
}
