import Foundation
import Synchronization
import Tessera
import TesseraTestSupport
import Testing

/// That the checkers find modules which break their promises, and nothing in those that are built in.
@Suite struct CheckerTests {
    private struct BrokenStrategy: PartitionStrategy {
        enum Fault { case overlap, gap, chance }
        let fault: Fault
        let calls = Counter()

        func stages(for span: Span, nodes: Int) throws -> [StageChoice] {
            guard let output = span.output else { return [] }
            let whole = Region(whole: span.graph.shapes[output])
            let rows = whole[2]
            let end: Int =
                switch fault {
                case .overlap: min(rows.upperBound, rows.count / 2 + 1)
                case .gap: max(0, rows.count / 2 - 1)
                case .chance: calls.next() % 2 == 0 ? rows.count / 2 : rows.count
                }
            let regions = [whole.replacing(axis: 2, with: 0..<end)]
            let start = fault == .chance ? end : rows.count / 2
            let tiles = (regions + [whole.replacing(axis: 2, with: start..<rows.upperBound)]).filter { !$0.isEmpty }
            return [StageChoice(output: output, tiles: tiles.map { TileChoice(node: 0, region: $0) })]
        }
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)
        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    @Test("strategies whose tiles overlap, leave gaps or depend on chance are found")
    func strategies() async throws {
        let promises = [
            (
                BrokenStrategy(fault: .overlap), "every pixel of every stage is made by exactly one node",
                "without overlap"
            ),
            (BrokenStrategy(fault: .gap), "every pixel of every stage is made by exactly one node", "that cover all"),
            (BrokenStrategy(fault: .chance), "the same network and nodes give the same plan", "the same stages again"),
        ]
        for (strategy, promise, reason) in promises {
            var modules = Modules.builtin
            try modules.strategies.register(Module(name: "broken", summary: "") { _ in strategy })
            let failures = try await modules.failures(of: ModuleID(.strategy, "broken"))
            #expect(failures[promise]?.contains(reason) == true)
        }
    }

    private struct BrokenRule: AmountRule {
        enum Fault { case beyond, chance, reversed, never }
        let fault: Fault
        var strength: Double?
        let calls = Counter()

        func counts(for problem: AmountProblem) throws -> [Int] {
            let sizes = problem.curves.map(\.values.count)
            if let strength { return sizes.map { Int(Double($0) * (1 - strength)) } }
            switch fault {
            case .beyond: return sizes.map { $0 + 1 }
            case .chance: return sizes.map { min($0, calls.next() % 7) }
            case .reversed: return problem.none
            case .never: throw TesseraError(.invalidArgument, "out of reach")
            }
        }

        func scaled(to strength: Double) throws -> any AmountRule {
            guard fault == .reversed else { throw TesseraError(.notSupported, "no strength") }
            return BrokenRule(fault: fault, strength: strength)
        }
    }

    @Test(
        "amount rules that prune more than there is, depend on chance, weaken with strength or never answer are found")
    func amounts() async throws {
        let counts = "every group has a count from 0 to the number of its channels"
        let cases: [(BrokenRule.Fault, String, String)] = [
            (.beyond, counts, "expected a count from 0 to 1 for 'random1', found 2"),
            (.chance, "asked again, it gives the same counts", "found others"),
            (
                .reversed, "if its strength can be changed, 0 prunes nothing, and more never prunes less",
                "expected nothing to go at a strength of 0"
            ),
            (.never, counts, "found errors for all"),
        ]
        for (fault, promise, reason) in cases {
            var modules = Modules.builtin
            try modules.pruningAmounts.register(Module(name: "broken", summary: "") { _ in BrokenRule(fault: fault) })
            let failures = try await modules.failures(of: ModuleID(.amount, "broken"))
            #expect(failures[promise]?.contains(reason) == true)
        }
    }

    private struct BrokenCalibrator: Calibrator {
        enum Fault { case infinite, empty, chance }
        let fault: Fault
        let calls = Counter()

        func range(of histogram: ActivationHistogram, bits: Int) throws -> ClosedRange<Float> {
            switch fault {
            case .infinite: 0...Float.infinity
            case .empty: 0...0
            case .chance: 0...Float(calls.next())
            }
        }
    }

    @Test("calibration methods whose range is infinite, empty or by chance are found")
    func calibrators() async throws {
        let cases: [(BrokenCalibrator.Fault, String, String)] = [
            (
                .infinite, "every range is finite, and 0 lies in it, whatever was seen and for 2 to 16 bits",
                "expected a finite range around 0 of nothing for 2 bits"
            ),
            (
                .empty, "where numbers other than 0 were seen, the range is wider than nothing",
                "expected a range that is not empty of one number"
            ),
            (.chance, "asked again, it gives the same range", "found others"),
        ]
        for (fault, promise, reason) in cases {
            var modules = Modules.builtin
            try modules.calibrators.register(
                Module(name: "broken", summary: "") { _ in BrokenCalibrator(fault: fault) })
            let failures = try await modules.failures(of: ModuleID(.calibration, "broken"))
            #expect(failures[promise]?.contains(reason) == true)
        }
    }

    @Test("an operator whose parts differ from the whole is found, and one that writes where it must not")
    func operators() async throws {
        let folder = try TemporaryFolder()
        let source = try String(
            contentsOfFile: "\(TestFiles.repository.path)/Plugins/Examples/sharpen/sharpen.c", encoding: .utf8)
        let faults = [
            (
                "(float)(parameters[0]->data[c]", "(float)(made->start[2] + parameters[0]->data[c]",
                "regions that are computed", "differ from the whole"
            ),
            (
                "*output = inputs[0];", "*output = inputs[0]; output->sizes[3] = -1;", "what it makes has the shape",
                "expected sizes of at least 0"
            ),
            (
                "region->start[axis] = at_least(0, output->start[axis] - radius);", "region->start[axis] = -1;",
                "regions that are computed", "expected a region inside"
            ),
            (
                "const tessera_region *made = &output->region;",
                "const tessera_region *made = &output->region; inputs[0]->data[0] = 3;",
                "it does not change its inputs", "input 1: expected element 0 to stay"
            ),
            (
                "const tessera_region *made = &output->region;",
                "const tessera_region *made = &output->region; parameters[0]->data[-1] = 3;",
                "it does not change its inputs", "'gain': expected nothing to be written beside"
            ),
            (
                "const tessera_region *made = &output->region;",
                "const tessera_region *made = &output->region; output->data[-2] = 3;",
                "it writes every element", "a write 2 before the first"
            ),
            (
                "for (int64_t x = made->start[3]; x < made->end[3]; x++) {",
                "for (int64_t x = made->start[3]; x < made->end[3]; x++) { if (x == 2) continue;",
                "it writes every element", "expected element 2 to be written"
            ),
            (
                "const double pixel = input->data[offset(&input->region, n, c, y, x)];",
                "const double pixel = input->data[offset(&input->region, n, c, y, x) + 1];",
                "it writes every element", "found what lies beside one"
            ),
            (
                ".input_count = 1,", ".input_count = 1, .is_pointwise = 1,",
                "every pixel depends on those at its own place", "is another if other pixels are"
            ),
        ]
        for (index, (original, changed, promise, reason)) in faults.enumerated() {
            let broken = source.replacingOccurrences(of: original, with: changed)
            #expect(broken != source)
            let library = try SampleLibrary.c(broken, in: folder, named: "sharpen\(index)")
            let modules = try Modules.builtin.loading(plugins: [library])
            // That check alone: others would let the library write where it must not.
            let checks = try modules.checks(of: ModuleID(.operator, "sharpen"))
            let check = try #require(checks.first { $0.promise.hasPrefix(promise) })
            let error = await #expect(throws: (any Error).self) { try await check.run() }
            #expect("\(error as Any)".contains(reason))
        }
    }

    @Test("an operator that keeps state between calls is found when threads use it at once")
    func threads() async throws {
        let folder = try TemporaryFolder()
        let source = try String(
            contentsOfFile: "\(TestFiles.repository.path)/Plugins/Examples/sharpen/sharpen.c", encoding: .utf8)
        // Puts the number of threads that are in it beside the gain, and stays long enough to meet others.
        let broken = source.replacingOccurrences(
            of: "const tessera_region *made = &output->region;",
            with: """
                const tessera_region *made = &output->region;
                static int threads = 0;
                const int count = __sync_add_and_fetch(&threads, 1);
                usleep(2000);
                """
        ).replacingOccurrences(of: "(float)(parameters[0]->data[c]", with: "(float)(count * parameters[0]->data[c]")
            .replacingOccurrences(
                of: "                }\n    return TESSERA_OK;\n}\n\nstatic const char",
                with:
                    "                }\n    __sync_sub_and_fetch(&threads, 1);\n    return TESSERA_OK;\n}\n\nstatic const char"
            )
            .replacingOccurrences(
                of: "#include <tessera_plugin.h>", with: "#include <tessera_plugin.h>\nextern int usleep(unsigned);")
        #expect(broken.contains("sub_and_fetch"))
        let modules = try Modules.builtin.loading(plugins: [SampleLibrary.c(broken, in: folder)])
        let failures = try await modules.failures(of: ModuleID(.operator, "sharpen"))
        #expect(failures["threads that use it at once get the same output"]?.contains("threads at once") == true)
    }

    @Test("a metric that forgets a channel or fails is found")
    func metrics() async throws {
        let folder = try TemporaryFolder()
        for (index, (changed, reason)) in [
            ("if (channel > 0) saliencies[channel] = channel;", "expected finite values"),
            ("return tessera_fail(error, TESSERA_NOT_SUPPORTED, \"'%s' is odd\", group->name);", "'first' is odd"),
        ].enumerated() {
            let source = BrokenLibraryTests.right.replacingOccurrences(
                of: "saliencies[channel] = channel;", with: changed)
            let library = try SampleLibrary.c(source, in: folder, named: "metric\(index)")
            let modules = try Modules.builtin.loading(plugins: [library])
            let failures = try await modules.failures(of: ModuleID(.metric, "numbered"))
            #expect(failures.values.contains { $0.contains(reason) })
        }
    }

    private struct BrokenLayout: WeightLayout {
        enum Fault { case gap, chance, other, large }
        let fault: Fault
        let calls = Counter()

        func frames(of geometry: WeightGeometry) throws -> FrameLayout {
            var places = (0..<geometry.count).map(Int32.init)
            let turn = calls.next()
            switch fault {
            case .gap where geometry.matrices > 1: places[2] = 0
            case .chance where turn % 2 == 0: places.reverse()
            case .large where geometry.count > 1_000_000: places.removeLast()
            case .other where geometry.kernelWidth == 7:
                return try ImageLayout().frames(of: WeightGeometry(outputs: 3, inputs: 5))
            default: break
            }
            return try FrameLayout(of: geometry, width: geometry.count, height: 1, count: 1, places: places)
        }
    }

    @Test("a layout that leaves a weight out, gives frames of another layer, or depends on chance is found")
    func layouts() async throws {
        let faults: [(BrokenLayout.Fault, String, String)] = [
            (.gap, "every weight has a sample", "found none for that at place 2"),
            (.other, "every weight has a sample", "expected frames of that layer for 1x6x4x1x7 weights"),
            (.chance, "a layer has the same frames again", "expected the same frames again"),
            (.chance, "threads that use it at once", "threads at once"),
            (.large, "so do those of a layer of 2 million weights", "found 2047999"),
        ]
        for (fault, promise, reason) in faults {
            var modules = Modules.builtin
            try modules.weightLayouts.register(Module(name: "broken", summary: "") { _ in BrokenLayout(fault: fault) })
            let failures = try await modules.failures(of: ModuleID(.layout, "broken"))
            let found = failures.first { $0.key.hasPrefix(promise) }
            #expect(found?.value.contains(reason) == true, "\(failures)")
        }
    }

    @Test("a transport that loses messages or drops nobody is found")
    func transports() async throws {
        let folder = try TemporaryFolder()
        let source = try String(
            contentsOfFile: "\(TestFiles.repository.path)/Plugins/Examples/unix-sockets/unix_sockets.cpp",
            encoding: .utf8)
        let faults = [
            (
                "if (host->received(network_, link, bytes.get(), length) != TESSERA_OK) break;",
                "if (length % 50 != 7 && host->received(network_, link, bytes.get(), length) != TESSERA_OK) break;",
                "messages of all sizes arrive whole and in order"
            ),
            (
                "host->link_closed(network_, link, reason);", "(void)reason;",
                "a lost peer is reported once, and the others go on"
            ),
            (
                "uint64_t(1) << 30;", "uint64_t(1) << 17;",
                "a message of the largest size arrives, and one that is larger is refused and does no harm"
            ),
        ]
        for (index, (original, changed, promise)) in faults.enumerated() {
            // Says the same of its largest message, whatever it carries.
            let broken = source.replacingOccurrences(of: original, with: changed)
                .replacingOccurrences(of: "int64_t(largest_message)", with: "int64_t(1) << 30")
            #expect(source.contains(original))
            let library = try SampleLibrary.cpp(broken, in: folder, named: "unix\(index)")
            let modules = try Modules.builtin.loading(plugins: [library])
            let check = try #require(
                try modules.checks(of: ModuleID(.transport, "unix")).first { $0.promise == promise })
            await #expect(throws: (any Error).self) { try await check.run() }
        }
    }

    // MARK: What is built in

    private static let builtin: [ModuleID] = {
        let modules = Modules.builtin
        return modules.checkable.filter { id in
            switch id.kind {
            case .strategy, .metric, .amount, .calibration, .layout: true
            case .transport: id.name != "mpi"
            case .codec: (try? modules.weightCodecs.make(id.name).unavailability) == .some(nil)
            case .operator: !hasNoInputs.contains(id.name)
            }
        }
    }()

    /// Operators whose inputs are all known before anything runs, or that are none.
    private static let hasNoInputs: Set<String> = ["constant", "fill", "non_max_suppression", "range"]

    /// What operators must be given.
    private static let options: [String: String] = [
        "target-latency": "{factor: 1.5}",
        "average_pool": "{kernel: 3, padding: 1}", "max_pool": "{kernel: 3, stride: 2, padding: 1}",
        "cast": "{type: i32}", "conv": "{channels: 4, kernel: 3, padding: 1}",
        "conv_transpose": "{channels: 3, kernel: 3, stride: 2}", "depth_to_space": "{block: 2}",
        "space_to_depth": "{block: 2}", "expand": "{shape: [3, 4, 9, 11]}", "group_norm": "{groups: 2}",
        "gru": "{hidden: 3}", "lstm": "{hidden: 3}", "rnn": "{hidden: 3}", "linear": "{features: 3}",
        "local_response_norm": "{size: 3}", "reshape": "{shape: [1, -1]}", "resize": "{scales: [1, 1, 2, 2]}",
        "split": "{parts: 1}", "tile": "{repeats: [1, 2, 1, 2]}", "top_k": "{k: 1}", "unsqueeze": "{axes: [0]}",
        "multicast": "{group: \"239.77.91.\(ProcessInfo.processInfo.processIdentifier % 250 + 1):6203\"}",
    ]

    @Test("every module that is built in keeps the promises of its kind", arguments: builtin)
    func builtinModules(_ id: ModuleID) async throws {
        let options = try Self.options[id.name].map { try YAMLReader.parse($0, file: id.name) }
        let failures = try await Modules.builtin.failures(of: id, options: options ?? .empty)
        #expect(failures == [:])
    }
}
