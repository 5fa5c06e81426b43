import Tessera
import Testing

/// The script of the gallery that measures times.
@Suite struct PruneToLatencyTests {
    @Test("a network is pruned until it is as fast as wanted, and says how much smaller it is")
    func latency() async throws {
        let folder = try NetworkFolder()
        let layers = (1...4).map { "  - conv: {name: c\($0), channels: 64, kernel: 3, padding: same}" }
        try folder.write(
            "stack.yaml",
            """
            tessera: 1
            name: stack
            inputs: {image: {shape: [1, 3, 64, 64]}}
            layers:
            \(layers.joined(separator: "\n"))
              - conv: {name: last, channels: 3, kernel: 1}
            outputs: [last]
            """)
        let network = folder.path + "/stack.yaml"
        let text = try await folder.output(
            of: "prune_to_latency", [network, "--part", "0.2", "--folder", folder.path + "/small"])
        let numbers =
            text.split(separator: "\n").first { $0.hasPrefix("pruned: ") }?
            .split { " ,".contains($0) }.compactMap { Double($0) } ?? []
        func operations(_ path: String) throws -> Int {
            let network = try Modules.builtin.loader.load(path)
            return try network.boundWithoutWeights(inputs: ["image": [1, 3, 64, 64]]).multiplyAccumulates.reduce(0, +)
        }
        let fewer = try Double(operations(network)) / Double(operations(folder.path + "/small/network.yaml"))
        // The time, and how many times fewer operations and parameters. Nothing else runs meanwhile.
        #expect(numbers.count == 3 && fewer > 1.2 && abs(numbers[1] - fewer) < 0.01, "\(text)")
    }
}
