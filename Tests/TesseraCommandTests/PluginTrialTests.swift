import Foundation
import TesseraTestSupport
import Testing

/// Libraries that end the process in which they are tried, or never come to an end.
@Suite struct PluginTrialTests {
    private static let leaving = "#include <stdlib.h>\nvoid *tessera_plugin(void) { exit(0); }\n"

    /// A metric that does something once it is asked for values.
    private static func metric(doing what: String) throws -> String {
        let source = try String(
            contentsOfFile: "\(TestFiles.repository.path)/Plugins/Examples/template/template.c", encoding: .utf8)
        let changed = source.replacingOccurrences(of: "saliencies[channel] = factor * largest;", with: what)
            .replacingOccurrences(
                of: "#include <tessera_plugin.h>",
                with: "#include <stdlib.h>\n#include <tessera_plugin.h>\n#include <unistd.h>")
        #expect(changed != source)
        return changed
    }

    @Test("a library that ends the process without an error is told of, wherever it does so")
    func exits() throws {
        let folder = try TemporaryFolder()
        let atLoad = try SampleLibrary.c(Self.leaving, in: folder, named: "at_load")
        let atWork = try SampleLibrary.c(
            Self.metric(doing: "saliencies[channel] = factor * largest; exit(0);"), in: folder, named: "at_work")
        let atOnce = try SampleLibrary.c(
            Self.metric(doing: "saliencies[channel] = factor * largest; _exit(0);"), in: folder, named: "at_once")
        for library in [atLoad, atWork, atOnce] {
            let check = try Command("plugins", "check", library)
            #expect(check.status == 1)
            #expect(check.errors.contains("before it was done"))
        }
        let step = try Command("plugins", "check", atOnce).errors
        #expect(
            step.contains("ended with status 0 before it was done, at 'every channel of every group has one value'"))
        let list = try Command("plugins", "--plugin", atLoad, "--json")
        let refused = try #require(try list.json()["refused"] as? [[String: String]])
        #expect(refused.first?["reason"]?.contains("before it was done") == true)
        // Other commands load libraries into their own process.
        let file = try folder.write("tessera: 1\ninputs: {x: {shape: [1, 2]}}\nlayers: [relu]\n", to: "network.yaml")
        let inspect = try Command("inspect", file, "--plugin", atLoad)
        #expect(inspect.status == 1)
        #expect(
            inspect.errors.contains("\(atLoad): expected the plugin to return from a call, but it ended the process"))
    }

    @Test("a library that never comes to an end is ended at the limit")
    func endless() throws {
        let folder = try TemporaryFolder()
        let library = try SampleLibrary.c(
            "void *tessera_plugin(void) { for (;;) {} }\n", in: folder, named: "endless")
        let list = try Command("plugins", "--plugin", library, "--json", "--timeout", "2")
        #expect(list.status == 0)
        let refused = try #require(try list.json()["refused"] as? [[String: String]])
        #expect(
            refused.first?["reason"] == "the process that loaded it was ended after 2.0 s, the limit of '--timeout'")
        let check = try Command("plugins", "check", library, "--timeout", "2")
        #expect(check.status == 1)
        #expect(check.errors.contains("was ended after 2.0 s, the limit of '--timeout', at 'loading it'"))
        #expect(try Command("plugins", "check", library, "--timeout", "0").status == 64)
    }

    @Test(
        "a library that reads or writes beside what it is given, or an option that it does not declare, fails its checks",
        arguments: [
            ("saliencies[-1] = 0;", "it wrote outside of 'saliencies', 8 bytes before its start"),
            ("saliencies[group->channel_count] = 0;", "it wrote outside of 'saliencies', a byte after its end"),
            (
                "((float *)group->channels[channel]->kernels.values)[0] = 1;",
                "it wrote to 'kernels.values', which is only to be read"
            ),
            (
                "volatile float next = group->channels[channel]->kernels.values[group->channels[channel]->kernels.count]; (void)next;",
                "it read outside of 'kernels.values', a byte after its end"
            ),
            (
                "saliencies[channel] += host->option_number(options, \"power\");",
                "it read 'power' as an option of type number, which it does not declare"
            ),
            (
                "saliencies[channel] += host->option_integer(options, \"factor\");",
                "it read 'factor' as an option of type integer, which it declares as one of type number"
            ),
        ])
    func memory(fault: String, reason: String) throws {
        let source = try Self.metric(doing: "saliencies[channel] = factor * largest; \(fault)")
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let check = try Command("plugins", "check", SampleLibrary.c(source, in: folder), "--json")
        #expect(check.status == 1)
        let checks = try #require(try check.json()["checks"] as? [[String: Any]])
        // The process goes on to the end.
        #expect(checks.count == 5)
        #expect(checks.allSatisfy { ($0["reason"] as? String)?.contains(reason) == true }, "\(checks)")
    }

    @Test("a codec that reads beyond the bytes that it is given fails where they are cut off")
    func truncation() throws {
        let source = """
            #include <string.h>
            #include <tessera_plugin.h>
            static const tessera_host *host;
            static tessera_status encode(
                const tessera_options *options, const tessera_frames *format, const uint16_t *samples, tessera_output *output,
                tessera_error *error) {
                size_t count = (size_t)format->width * format->height * format->count;
                (void)options, (void)error;
                return host->write(output, samples, 2 * count);
            }
            static tessera_status decode(
                const tessera_options *options, const tessera_frames *format, const void *bytes, size_t byte_count,
                uint16_t *samples, tessera_error *error) {
                size_t count = (size_t)format->width * format->height * format->count;
                (void)options, (void)byte_count, (void)error;
                memcpy(samples, bytes, 2 * count);
                for (size_t i = 0; i < count; i++) samples[i] &= (1u << format->bits) - 1;
                return TESSERA_OK;
            }
            static const tessera_codec codec = {
                .size = sizeof codec, .kind = TESSERA_CODEC, .layout = TESSERA_BYTES, .largest_bits = 16, .is_lossless = 1,
                .encode = encode, .decode = decode,
            };
            static tessera_status register_module(
                const tessera_host *own_host, const void **table, tessera_error *error) {
                (void)error;
                host = own_host;
                *table = &codec;
                return TESSERA_OK;
            }
            static const tessera_descriptor descriptor = {
                .magic = TESSERA_PLUGIN_MAGIC, .abi_major = TESSERA_ABI_MAJOR, .abi_minor = TESSERA_ABI_MINOR,
                .size = sizeof descriptor, .kind = TESSERA_CODEC, .name = "plain", .summary = "", .version = "1",
                .register_module = register_module,
            };
            TESSERA_EXPORT const tessera_descriptor *tessera_plugin(void) { return &descriptor; }
            """
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let check = try Command("plugins", "check", SampleLibrary.c(source, in: folder), "--json")
        #expect(check.status == 1)
        let checks = try #require(try check.json()["checks"] as? [[String: Any]])
        let failed = checks.filter { $0["ok"] as? Bool == false }
        #expect(
            failed.compactMap { $0["promise"] as? String }
                == ["bytes that are cut off or altered give an error, or frames of the right size"])
        #expect((failed.first?["reason"] as? String)?.hasPrefix("it read outside of 'bytes', ") == true, "\(checks)")
    }

    @Test("a library that crashes is told of at once, also where a process that it left behind goes on")
    func crashes() throws {
        let folder = try TemporaryFolder()
        let crash = "*(volatile int *)8 = 1;"
        let libraries = [
            try SampleLibrary.c("void *tessera_plugin(void) { \(crash) return 0; }\n", in: folder, named: "crash"),
            try SampleLibrary.c(
                "#include <unistd.h>\nvoid *tessera_plugin(void) { if (fork()) \(crash) else sleep(20); _exit(0); }\n",
                in: folder, named: "leaves"),
        ]
        for library in libraries {
            let start = ContinuousClock.now
            let list = try Command("plugins", "--plugin", library, "--json", "--timeout", "30")
            let refused = try #require(try list.json()["refused"] as? [[String: String]])
            #expect(refused.first?["reason"]?.contains("was ended by signal 11") == true, "\(refused)")
            #expect(ContinuousClock.now - start < .seconds(15))
        }
    }

    @Test("the process of a trial ends with the command that started it", arguments: [SIGTERM, SIGKILL])
    func orphans(_ signal: Int32) async throws {
        let folder = try TemporaryFolder()
        let note = folder.file("pid")
        let library = try SampleLibrary.c(
            """
            #include <stdio.h>
            #include <unistd.h>
            void *tessera_plugin(void) {
                FILE *note = fopen("\(note)", "w");
                fprintf(note, "%d\\n", getpid());
                fclose(note);
                for (;;) sleep(1);
            }
            """, in: folder, named: "endless")
        let command = Process()
        command.executableURL = URL(fileURLWithPath: TestFiles.executable)
        command.arguments = ["plugins", "check", library]
        (command.standardOutput, command.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try command.run()
        defer { command.terminate() }
        let child = try await poll {
            (try? String(contentsOfFile: note, encoding: .utf8)).flatMap {
                $0.hasSuffix("\n") ? Int32($0.dropLast()) : nil
            }
        }
        kill(command.processIdentifier, signal)
        command.waitUntilExit()
        #expect(command.terminationReason == .uncaughtSignal)
        #expect(command.terminationStatus == signal)
        _ = try await poll { Self.lives(child) ? nil : true }
    }

    /// Whether a process runs: one that has ended may wait for somebody to take note of it.
    private static func lives(_ process: Int32) -> Bool {
        guard let state = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
        return !(state.split(separator: ")").last ?? "").hasPrefix(" Z")
    }

    /// Asks until there is an answer, for 20 s at most.
    private func poll<Answer>(_ question: () throws -> Answer?) async throws -> Answer {
        for _ in 0..<400 {
            if let answer = try question() { return answer }
            try await Task.sleep(for: .milliseconds(50))
        }
        return try #require(try question())
    }

    @Test("a check does not load other plugins that lie in folders")
    func alone() throws {
        let folder = try TemporaryFolder()
        _ = try SampleLibrary.c(
            "#include <stdlib.h>\nvoid *tessera_plugin(void) { abort(); }\n", in: folder, named: "a_crash")
        // An older copy of the one that is checked.
        try FileManager.default.copyItem(atPath: SampleLibrary.example("template"), toPath: folder.file("template.so"))
        let check = try Command(
            "plugins", "check", SampleLibrary.example("template"), "--json",
            environment: ["TESSERA_PLUGIN_PATH": folder.path])
        #expect(check.status == 0)
        let checks = try #require(try check.json()["checks"] as? [[String: Any]])
        #expect(checks.count > 3)
        #expect(checks.allSatisfy { $0["module"] as? String == "template" })
    }
}
