import CTesseraPlugin
import Foundation
import Tessera
import TesseraTestSupport
import Testing

@testable import TesseraPlugins

/// That libraries which were built with the header of another minor version work, and what they must bring.
@Suite struct GrowingInterfaceTests {
    /// All structures that may grow, without their prefix.
    private static let structures = [
        "error", "option", "host", "descriptor", "value", "layer", "device", "span", "tile", "tile_cost", "strategy",
        "channel", "channel_group", "metric", "frames", "codec", "parameter", "array", "operator", "endpoint",
        "transport",
    ]

    // MARK: The sizes of version 1.0

    @Test("what is demanded of a library ends with the last field of version 1.0")
    func firstSizes() throws {
        #expect(MemoryLayout<tessera_descriptor>.offset(of: \.register_module) == FirstLayout.descriptor - 8)
        #expect(MemoryLayout<tessera_option>.offset(of: \.summary) == FirstLayout.option - 8)
        #expect(MemoryLayout<tessera_parameter>.offset(of: \.reserved) == FirstLayout.parameter - 4)
        #expect(MemoryLayout<tessera_strategy>.offset(of: \.partition) == FirstLayout.strategy - 8)
        #expect(MemoryLayout<tessera_metric>.offset(of: \.saliencies) == FirstLayout.metric - 8)
        #expect(MemoryLayout<tessera_codec>.offset(of: \.largest_error) == FirstLayout.codec - 8)
        #expect(MemoryLayout<tessera_operator>.offset(of: \.forward) == FirstLayout.operator - 8)
        #expect(MemoryLayout<tessera_transport>.offset(of: \.stop) == FirstLayout.transport - 8)
        #expect(MemoryLayout<tessera_tile>.offset(of: \.available) == FirstLayout.tile - 8)
        #expect(MemoryLayout<tessera_tile_cost>.offset(of: \.seconds) == FirstLayout.tileCost - 8)
    }

    @Test("what a library does not have of a structure is zero, and what it has no room for is not written")
    func shorterStructures() throws {
        var metric = tessera_metric()
        (metric.size, metric.kind, metric.is_comparable) = (8, 2, 1)
        let read = withUnsafePointer(to: metric) { GrowingStructure.copy(tessera_metric.self, at: $0, size: 8) }
        #expect(read.kind == 2)
        #expect(read.is_comparable == 0)
        let (full, before) = (
            tessera_tile_cost(size: 40, multiply_accumulates: 1, input_byte_count: 2, output_byte_count: 3, seconds: 4),
            9.0
        )
        var target = tessera_tile_cost(
            size: 32, multiply_accumulates: 0, input_byte_count: 0, output_byte_count: 0, seconds: before)
        GrowingStructure.write(full, to: &target, size: 32)
        #expect(target.output_byte_count == 3)
        #expect(target.seconds == before)
    }

    // MARK: A later minor version

    /// The folder of a header in which every structure that may grow has more fields at its end.
    private func laterHeader(in folder: TemporaryFolder) throws -> String {
        var header = try String(contentsOfFile: "\(SampleLibrary.include)/tessera_plugin.h", encoding: .utf8)
        for structure in Self.structures {
            let end = "} tessera_\(structure);"
            #expect(header.contains(end))
            header = header.replacingOccurrences(of: end, with: "    int32_t soon;\n    uint64_t later[3];\n\(end)")
        }
        try folder.write(header, to: "tessera_plugin.h")
        return folder.path
    }

    private static let samples = [
        "height-strips-c/height_strips.c", "lp-norm/lp_norm.c", "sharpen/sharpen.c", "template/template.c",
        "unix-sockets/unix_sockets.cpp",
    ]

    @Test("a library of a later header, whose structures are longer, does its work", arguments: samples)
    func later(_ sample: String) async throws {
        let folder = try TemporaryFolder()
        let include = try laterHeader(in: folder)
        let source = try String(
            contentsOfFile: "\(TestFiles.repository.path)/Plugins/Examples/\(sample)", encoding: .utf8)
        let library =
            sample.hasSuffix("cpp")
            ? try SampleLibrary.cpp(source, in: folder, include: include)
            : try SampleLibrary.c(source, in: folder, include: include)
        try await expectPromises(of: library, quickOnly: sample.hasSuffix("cpp"))
    }

    @Test("a codec of a later header does its work")
    func laterCodec() async throws {
        let folder = try TemporaryFolder()
        let include = try laterHeader(in: folder)
        try await expectPromises(of: SampleLibrary.c(CodecLibraryTests.source, in: folder, include: include))
    }

    private func expectPromises(of library: String, quickOnly: Bool = false) async throws {
        let modules = try Modules.builtin.loading(plugins: [library])
        let known = Set(Modules.builtin.checkable)
        let added = modules.checkable.filter { !known.contains($0) }
        #expect(added.count == 1)
        for id in added {
            for check in try modules.checks(of: id).prefix(quickOnly ? 2 : .max) {
                do { try await check.run() } catch { Issue.record("\(check.promise): \(error)") }
            }
        }
    }

    /// A strategy that asks what a tile would cost, and fails if that is not answered or writes too much.
    private static func asking(tileSize: String = "sizeof tile", costSize: String = "sizeof cost") throws -> String {
        let source = try String(
            contentsOfFile: "\(TestFiles.repository.path)/Plugins/Examples/height-strips-c/height_strips.c",
            encoding: .utf8)
        let place = "const int64_t rows = value->shape.sizes[2];"
        #expect(source.contains(place))
        return source.replacingOccurrences(
            of: place,
            with: """
                \(place)
                struct { tessera_tile_cost cost; uint64_t guard; } answer = {.guard = 7};
                #define cost answer.cost
                memset(&cost, 0xAB, sizeof cost);
                tessera_tile tile = {.size = \(tileSize), .value = span->cut_points[index], .region = region};
                cost.size = \(costSize);
                status = host->tile_cost(planner, &tile, &cost, error);
                if (status != TESSERA_OK) return status;
                if (answer.guard != 7 || cost.multiply_accumulates <= 0 || cost.output_byte_count <= 0)
                    return tessera_fail(error, TESSERA_INTERNAL, "the cost is wrong");
                """)
    }

    private static let network = """
        tessera: 1
        inputs: {x: {shape: [1, 3, 22, 10]}}
        weights: {random: 1}
        layers:
          - conv: {name: a, channels: 4, kernel: 3, padding: 1}
        outputs: [a]
        """

    private func plan(_ library: String) throws -> Plan {
        let modules = try Modules.builtin.loading(plugins: [library])
        let graph = try modules.loader.load(text: Self.network, file: "network.yaml").bound(inputs: [:])
        return try Plan(graph, nodes: 3, strategy: modules.strategies.make("height-strips-c"), named: "strips")
    }

    @Test("tiles and costs of a later header are understood, of which the host fills in what it knows")
    func laterCosts() throws {
        let folder = try TemporaryFolder()
        let include = try laterHeader(in: folder)
        let source = try Self.asking().replacingOccurrences(
            of: "if (answer.guard != 7", with: "if (cost.later[0] != 0xABABABABABABABAB || answer.guard != 7")
        #expect(try plan(SampleLibrary.c(source, in: folder, include: include)).stages.count == 1)
        #expect(try plan(SampleLibrary.c(Self.asking(), in: folder, named: "first")).stages.count == 1)
    }

    // MARK: Too short

    @Test("tiles, costs, parameters and tables that are shorter than those of version 1.0 are refused")
    func tooShort() throws {
        let folder = try TemporaryFolder()
        let tile = try SampleLibrary.c(Self.asking(tileSize: "sizeof tile - 8"), in: folder, named: "tile")
        expectError(nil, "expected a tile with its size of at least 160 bytes, found 152") { try plan(tile) }
        let cost = try SampleLibrary.c(Self.asking(costSize: "sizeof cost - 8"), in: folder, named: "cost")
        expectError(nil, "expected a cost with its size of at least 40 bytes, found 32") { try plan(cost) }
        let sharpen = try String(
            contentsOfFile: "\(TestFiles.repository.path)/Plugins/Examples/sharpen/sharpen.c", encoding: .utf8)
        for (size, reason) in [
            ("sizeof(tessera_parameter)", "expected parameters of at least 16 bytes, found 8"),
            ("sizeof(tessera_operator)", "expected the functions of a layer, a table of at least 104 bytes, found 96"),
            ("sizeof(tessera_descriptor)", "expected a descriptor of at least 72 bytes, found 64"),
        ] {
            let source = sharpen.replacingOccurrences(of: "size = \(size)", with: "size = \(size) - 8")
            #expect(source != sharpen)
            let library = try SampleLibrary.c(source, in: folder, named: "short\(size.count)")
            expectError(nil, reason) { try Modules.builtin.loading(plugins: [library]) }
        }
    }
}
