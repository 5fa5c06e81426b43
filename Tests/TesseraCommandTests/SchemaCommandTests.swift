import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// The JSON Schemas in configs/schema. With TESSERA_UPDATE=1 they are rewritten.
@Suite struct SchemaCommandTests {
    private static let folder = TestFiles.repository.appendingPathComponent("configs/schema")

    private func checker(_ kind: String) throws -> SchemaChecker {
        // JSON is YAML.
        SchemaChecker(try YAMLReader.read(Self.folder.appendingPathComponent("\(kind).json").path))
    }

    @Test(
        "what is committed is what the command prints",
        arguments: ["network", "deployment", "node", "cluster", "compression", "pruning", "quantization", "training"])
    func upToDate(kind: String) throws {
        let printed = try Command("schema", kind)
        #expect(printed.status == 0, "\(printed.errors)")
        let url = Self.folder.appendingPathComponent("\(kind).json")
        if ProcessInfo.processInfo.environment["TESSERA_UPDATE"] == "1" {
            try Data(printed.output.utf8).write(to: url)
        }
        #expect(
            try String(contentsOf: url, encoding: .utf8) == printed.output,
            "configs/schema/\(kind).json: run with TESSERA_UPDATE=1 to rewrite it")
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(printed.output.utf8)) }
    }

    @Test(
        "all files that are shipped are valid",
        arguments: [
            ("network", "networks"), ("deployment", "deployments"), ("cluster", "clusters"),
            ("compression", "compression"), ("pruning", "pruning"), ("quantization", "quantization"),
            ("training", "training"),
        ])
    func shipped(kind: String, folder: String) throws {
        let files = TestFiles.repository.appendingPathComponent("configs/\(folder)")
        let names = try FileManager.default.contentsOfDirectory(atPath: files.path).filter { $0.hasSuffix(".yaml") }
        #expect(!names.isEmpty)
        let checker = try checker(kind)
        for name in names {
            let value = try YAMLReader.read(files.appendingPathComponent(name).path)
            #expect(try checker.problems(of: value) == [], "\(name)")
        }
    }

    private static let network = """
        tessera: 1
        inputs: {image: {shape: [1, 3, h, w], scale: 1/255, mean: 0.5, resize: area}}
        blocks: {b: {params: {n: , m: 3}, inputs: [x], layers: [relu]}, c: {params: [n], layers: [{b: 3}]}}
        weights: {random: 7}
        layers:
          - conv: {name: c, channels: "{n}", kernel: [3, "{2 + 1}"], padding: same, bias: "{n == 1}"}
          - relu
          - relu:
          - leaky_relu: 0.1
          - repeat: {count: 3, index: i, with: {n: [1, 2, 3]}}
            layers: [{max_pool: 2}]
          - when: n != 1
            layers: [relu]
            else: [{b: {n: 1}}]
          - when: {condition: true, name: x, from: c}
            layers: []
          - add: {from: [c, image]}
        outputs:
          a: {from: c, labels: [x, 3], top: 2}
          b: relu1
          c:
          d: {detect: {boxes: b, scores: s, iou: 0.3}}
        """

    @Test("networks are checked by what layers and sections declare")
    func networks() throws {
        let checker = try checker("network")
        func problems(_ old: String, _ new: String) throws -> [String] {
            let text = Self.network.replacingOccurrences(of: old, with: new)
            #expect(text != Self.network || old == new, "\(old)")
            return try checker.problems(of: YAMLReader.parse(text, file: "n.yaml"))
        }
        #expect(try problems("", "") == [])
        for (old, new) in [
            ("tessera: 1", "tessera: 2"), ("weights:", "weigths:"), ("scale: 1/255", "scael: 1"),
            ("resize: area", "resize: big"),
            ("shape: [1, 3, h, w]", "shape: 3"), ("random: 7", "random: a"),
            ("inputs: [x], layers: [relu]", "inputs: [x], layers: relu"),
            ("kernel: [3, \"{2 + 1}\"]", "kernel: [3, three]"), ("padding: same", "padding: sane"),
            ("channels: \"{n}\", ", ""), ("leaky_relu: 0.1", "leaky_relu: steep"), ("index: i", "indx: i"),
            ("condition: true, ", ""), ("top: 2", "top: few"), ("iou: 0.3", "iuo: 0.3"), ("scores: s, ", ""),
            ("layers:\n", "layer:\n"),
        ] { #expect(try !problems(old, new).isEmpty, "\(new)") }
    }

    @Test("a strategy or transport is checked by what it declares itself")
    func deployments() throws {
        let checker = try checker("deployment")
        func problems(_ text: String) throws -> [String] {
            try checker.problems(of: YAMLReader.parse("tessera: 1\nnetwork: n.yaml\n" + text, file: "d.yaml"))
        }
        for text in [
            "partition: vertical", "partition: {strategy: fused-grid, tiles: [2, 2], up_to: x}", "transport: tcp",
            "transport: {kind: tcp, heartbeat: 1}", "nodes: [a, b]", "exact: false",
        ] { #expect(try problems(text) == [], "\(text)") }
        for text in [
            "partition: diagonal", "partition: {strategy: vertical, tiles: [2, 2]}", "transport: {heartbeat: 1}",
            "exact: 1",
            "node: []",
        ] { #expect(try !problems(text).isEmpty, "\(text)") }
    }

    @Test("a metric or rule is checked by what it declares itself")
    func pruning() throws {
        let checker = try checker("pruning")
        func problems(_ text: String) throws -> [String] {
            try checker.problems(of: YAMLReader.parse("tessera: 1\n" + text, file: "p.yaml"))
        }
        for text in [
            "metric: l1", "metric: {metric: random, seed: 3}", "amount: steepness",
            "amount: {rule: target-macs, factor: 2.5, by: ratio}", "schedule: gradual", "keep: [a]",
            "samples: pictures",
        ] { #expect(try problems(text) == [], "\(text)") }
        for text in [
            "metric: l3", "metric: {metric: l1, seed: 3}", "amount: {ratio: 0.5}", "amount: {rule: ratio, share: 0.1}",
            "schedule: {steps: few}", "round_to: a",
        ] { #expect(try !problems(text).isEmpty, "\(text)") }
    }

    @Test("a calibration method is checked by what it declares itself")
    func quantization() throws {
        let checker = try checker("quantization")
        func problems(_ text: String) throws -> [String] {
            try checker.problems(of: YAMLReader.parse("tessera: 1\n" + text, file: "q.yaml"))
        }
        for text in [
            "method: mse", "method: {method: percentile, percentile: 99.9}", "weight_bits: 4", "target: vnni",
            "rounding: adaround", "keep: [a]", "samples: pictures", "float_part: 0.1",
        ] { #expect(try problems(text) == [], "\(text)") }
        for text in [
            "method: minmix", "method: {method: minmax, percentile: 3}", "weight_bits: few", "target: arm",
            "rounding: up", "bits: 8",
        ] { #expect(try !problems(text).isEmpty, "\(text)") }
    }

    @Test func anUnknownKindIsWrongUsage() throws { #expect(try Command("schema", "cake").status == 64) }
}
