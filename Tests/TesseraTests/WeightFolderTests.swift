import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// Weights that nodes keep in folders.
@Suite struct WeightFolderTests {
    @Test("a node that is started again with its folder is sent no weights, and one that was spoiled again")
    func restart() async throws {
        let folder = try TemporaryFolder()
        // Other tests keep all cores busy, so silence is no loss here.
        let transport = TransportChoice(kind: "tcp", settings: .map([("silence", 20.configuration)]))
        let node = try NodeProcess(
            name: "kitchen", "--threads", "1", "--cache", folder.file("weights"), "--transport",
            "{kind: tcp, silence: 20}")
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 33, 20])
        let expected = try DeploymentTests.single(graph, inputs)
        func distributed() async throws -> Int {
            let deployment = try await Deployment.start(
                graph, partition: PartitionChoice(), transport: transport,
                members: .addresses([node.address]))
            #expect(((try await deployment.run(inputs)).outputs == expected) as Bool)
            await deployment.close()
            return await deployment.distributedByteCount
        }
        let weights = graph.parameters.flatMap(\.values)
        let weightBytes = weights.reduce(0) { $0 + $1.byteCount }
        #expect(try await distributed() > weightBytes)
        node.signal(SIGKILL)
        try node.restart()
        #expect(try await distributed() < weightBytes / 10)

        let largest = try #require(weights.max { $0.byteCount < $1.byteCount })
        let file = folder.file("weights/\(ContentHash(largest)).safetensors")
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        bytes[bytes.count - 1] ^= 1
        node.signal(SIGKILL)
        try bytes.write(to: URL(fileURLWithPath: file))
        try node.restart()
        let again = try await distributed()
        #expect(again > largest.byteCount && again < largest.byteCount + weightBytes / 10)
    }

    @Test("what was not used for the longest comes first, and what is removed is gone")
    func contents() throws {
        let home = try TemporaryFolder()
        let folder = try WeightFolder(path: home.file("a/b"))
        let tensors = try [Float(1), 2, 3].map { try Tensor([$0, $0], shape: [2, 1]) }
        let hashes = tensors.map { ContentHash($0) }
        for (index, (tensor, hash)) in zip(tensors, hashes).enumerated() {
            #expect(try folder.write(tensor, for: hash) == tensor)
            var times = [timeval](repeating: timeval(tv_sec: 1000 + index, tv_usec: 0), count: 2)
            #expect(utimes("\(folder.path)/\(hash).safetensors", &times) == 0)
        }
        #expect(folder.contents().map(\.hash) == hashes)
        #expect(try folder.read(hashes[0]) == tensors[0])
        #expect(folder.contents().map(\.hash) == [hashes[1], hashes[2], hashes[0]])
        folder.remove(hashes[1])
        #expect(try folder.read(hashes[1]) == nil)
        #expect(folder.contents().count == 2)
    }

    @Test("a folder that cannot be made")
    func impossible() throws {
        let home = try TemporaryFolder()
        let file = try home.write("", to: "file")
        let error = #expect(throws: TesseraError.self) { try WeightFolder(path: file) }
        #expect(error?.code == .inputOutput && error?.message.contains(file) == true)
    }
}
