import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// Libraries and files that are no plugins, each refused with what was expected and what was found.
@Suite struct BrokenLibraryTests {
    /// A metric that is right, in which each case changes one thing.
    static let right = """
        #include <tessera_plugin.h>
        static tessera_status saliencies(const tessera_options *options, const tessera_channel_group *group,
                                         double *saliencies, tessera_error *error) {
            (void)options, (void)error;
            for (uint32_t channel = 0; channel < group->channel_count; channel++) saliencies[channel] = channel;
            return TESSERA_OK;
        }
        static const tessera_metric metric = {
            .size = sizeof(tessera_metric), .kind = TESSERA_METRIC, .saliencies = saliencies};
        static tessera_status register_module(const tessera_host *host, const void **table, tessera_error *error) {
            (void)host, (void)error;
            *table = &metric;
            return TESSERA_OK;
        }
        static const tessera_option options[] = {{"a", TESSERA_NUMBER, "1", "an option"}, {"b", TESSERA_TEXT, "x", "another"}};
        static const tessera_descriptor descriptor = {
            .magic = TESSERA_PLUGIN_MAGIC, .abi_major = TESSERA_ABI_MAJOR, .abi_minor = TESSERA_ABI_MINOR,
            .size = sizeof(tessera_descriptor), .kind = TESSERA_METRIC, .name = "numbered", .summary = "the channel's number",
            .version = "1", .options = options, .option_count = 2, .option_size = sizeof(tessera_option),
            .register_module = register_module};
        TESSERA_EXPORT const tessera_descriptor *tessera_plugin(void) { return &descriptor; }
        """

    private static let cases = [
        (".magic = TESSERA_PLUGIN_MAGIC", ".magic = 7", "expected the magic number 0x54535241, found 0x7"),
        (
            ".abi_major = TESSERA_ABI_MAJOR", ".abi_major = 2",
            "expected a library for version 1.0 to 1.0 of the plugin interface, found 2.0"
        ),
        (".abi_minor = TESSERA_ABI_MINOR", ".abi_minor = 99", "found 1.99"),
        (".size = sizeof(tessera_descriptor)", ".size = 40", "expected a descriptor of at least 72 bytes, found 40"),
        (".kind = TESSERA_METRIC", ".kind = 9", "expected a kind from 1 to 5, found 9"),
        (
            ".kind = TESSERA_METRIC", ".kind = TESSERA_STRATEGY",
            "expected a partition strategy to have the function 'partition', found null"
        ),
        (
            ".kind = TESSERA_METRIC", ".kind = TESSERA_TRANSPORT",
            "expected the functions of a transport, a table of at least 72 bytes, found 32"
        ),
        (
            ".kind = TESSERA_METRIC, .saliencies", ".kind = TESSERA_CODEC, .saliencies",
            "expected the functions of a saliency metric, kind 2, found those of kind 4"
        ),
        (".name = \"numbered\"", ".name = 0", "expected a name, found null"),
        (
            ".name = \"numbered\"", ".name = \"My Metric\"",
            "expected a name of lower-case letters, digits, '-' and '_', found \"My Metric\""
        ),
        (".summary = \"the channel's number\"", ".summary = 0", "expected a summary, found null"),
        (".version = \"1\"", ".version = \"\\xff\"", "expected a version in UTF-8"),
        (".options = options", ".options = 0", "expected options, found null"),
        (".option_count = 2", ".option_count = 257", "expected at most 256 options, found 257"),
        (
            ".options = options", ".options = (const tessera_option *)((const char *)options + 4)",
            "expected options at a multiple of 8 bytes"
        ),
        (
            ".option_size = sizeof(tessera_option)", ".option_size = sizeof(tessera_option) - 8",
            "expected options of at least 32 bytes, found 24"
        ),
        (
            ".option_size = sizeof(tessera_option)", ".option_size = sizeof(tessera_option) + 2",
            "expected options of a multiple of 8 bytes, found 34"
        ),
        (
            "return &descriptor;", "return (const tessera_descriptor *)((const char *)&descriptor + 4);",
            "expected a descriptor at a multiple of 8 bytes"
        ),
        (
            "*table = &metric;", "*table = (const char *)&metric + 2;",
            "expected the functions of a saliency metric at a multiple of 8 bytes"
        ),
        ("{\"b\", TESSERA_TEXT", "{\"a\", TESSERA_TEXT", "the option 'a' is declared twice"),
        ("TESSERA_NUMBER", "12", "option 'a': expected a type from 1 to 7, found 12"),
        ("\"1\", \"an option\"", "\"many\", \"an option\"", "expected a number, found 'many'"),
        (
            ".register_module = register_module", ".register_module = 0",
            "expected the function 'register_module', found null"
        ),
        ("*table = &metric;", "", "expected 'register_module' to give the functions of a saliency metric, found null"),
        ("*table = &metric;", "return tessera_fail(error, TESSERA_NOT_SUPPORTED, \"no licence\");", "no licence"),
        (
            "*table = &metric;", "return TESSERA_INTERNAL;",
            "'register_module' failed with status 9, and did not say why"
        ),
        (
            ".size = sizeof(tessera_metric)", ".size = 8",
            "expected the functions of a saliency metric, a table of at least 32 bytes, found 8"
        ),
        (
            ".saliencies = saliencies", ".saliencies = 0",
            "expected a saliency metric to have the function 'saliencies', found null"
        ),
        ("*tessera_plugin(void)", "*some_plugin(void)", "expected a library that exports 'tessera_plugin', found none"),
        ("return &descriptor;", "return 0;", "expected 'tessera_plugin' to return a descriptor, found null"),
        (
            "saliencies[channel] = channel;", "{ extern double nowhere(void); saliencies[channel] = nowhere(); }",
            "undefined symbol: nowhere"
        ),
    ]

    @Test("a library that breaks the interface is refused with the reason", arguments: cases.indices)
    func broken(_ index: Int) throws {
        let (original, changed, reason) = Self.cases[index]
        let folder = try TemporaryFolder()
        let source = Self.right.replacingOccurrences(of: original, with: changed)
        #expect(source != Self.right)
        let library = try SampleLibrary.c(source, in: folder)
        var modules = Modules.builtin
        expectError(reason, in: library) { try modules.load(plugins: [library]) }
        #expect(modules.saliencyMetrics.names == Modules.builtin.saliencyMetrics.names)
        // Asked again, it is refused for the same reason.
        expectError(reason, in: library) { try modules.load(plugins: [library]) }
    }

    @Test("the library that the cases change is loaded, and a second one of its name is refused")
    func right() throws {
        let folder = try TemporaryFolder()
        let library = try SampleLibrary.c(Self.right, in: folder)
        var modules = try Modules.builtin.loading(plugins: [library, library])
        let module = try modules.saliencyMetrics.module("numbered")
        #expect(module.source == library)
        #expect(module.keys.map(\.name) == ["a", "b"])
        let second = try SampleLibrary.c(Self.right, in: folder, named: "second")
        expectError("a saliency metric named 'numbered' is registered already", in: second) {
            try modules.load(plugins: [second])
        }
    }

    @Test("of a library without the function no code is run")
    func constructor() throws {
        let folder = try TemporaryFolder()
        let variable = "TESSERA_TEST_CONSTRUCTED"
        let library = try SampleLibrary.c(
            """
            #include <stdlib.h>
            __attribute__((constructor)) static void begin(void) { setenv("\(variable)", "1", 1); }
            """, in: folder)
        expectError("expected a library that exports 'tessera_plugin', found none", in: library) {
            try Modules.builtin.loading(plugins: [library])
        }
        #expect(getenv(variable) == nil)
    }

    @Test("a library that was refused is not registered again")
    func registeredOnce() throws {
        let folder = try TemporaryFolder()
        let source = Self.right.replacingOccurrences(of: ".saliencies = saliencies", with: ".saliencies = 0")
            .replacingOccurrences(of: "(void)host, (void)error;", with: "(void)host, (void)error; registrations++;")
            .replacingOccurrences(
                of: "#include <tessera_plugin.h>",
                with: "#include <tessera_plugin.h>\nTESSERA_EXPORT int registrations; int registrations = 0;")
        let library = try SampleLibrary.c(source, in: folder)
        for _ in 0..<2 {
            expectError("to have the function 'saliencies'", in: library) {
                try Modules.builtin.loading(plugins: [library])
            }
        }
        let symbol = try #require(dlsym(dlopen(library, RTLD_NOW), "registrations"))
        #expect(symbol.load(as: Int32.self) == 1)
    }

    @Test("a library whose dynamic section leads out of it is refused")
    func wildAddresses() throws {
        let folder = try TemporaryFolder()
        let library = try SampleLibrary.c(Self.right, in: folder)
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: library)))
        func number(_ offset: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
        }
        // The header of PT_DYNAMIC, and what it leads to.
        let headers = (0..<number(56, 2)).map { number(32, 8) + 56 * $0 }
        let header = try #require(headers.first { number($0, 4) == 2 })
        let entries = (0..<number(header + 32, 8) / 16).map { number(header + 8, 8) + 16 * $0 }
        // The values of STRTAB, SYMTAB and GNU_HASH, all addresses.
        let places = [5, 6, 0x6FFF_FEF5].compactMap { tag in entries.first { number($0, 8) == tag }.map { $0 + 8 } }
        #expect(places.count == 3)
        for (index, place) in ([header + 16, header + 40] + places).enumerated() {
            var altered = bytes
            altered[place + 4] = 0x55
            let path = try folder.write(altered, to: "wild\(index).so")
            expectError("expected a library that the dynamic linker can follow", in: path) {
                try Modules.builtin.loading(plugins: [path])
            }
        }
    }

    @Test("a file that is no library is refused with the reason")
    func noLibrary() throws {
        let folder = try TemporaryFolder()
        let library = try SampleLibrary.c(Self.right, in: folder)
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: library)))
        var other = bytes
        (other[18], other[19]) = (0xF3, 0)
        let files = [
            ("text.so", Array("tessera".utf8), "expected a shared library (ELF), found another kind of file"),
            ("empty.so", [], "expected a shared library (ELF), found another kind of file"),
            ("head.so", Array(bytes.prefix(40)), "it is cut short"),
            ("half.so", Array(bytes.prefix(bytes.count / 4)), "it is cut short"),
            ("machine.so", other, "found 243"),
        ]
        for (name, content, reason) in files {
            let path = try folder.write(content, to: name)
            expectError(reason, in: path) { try Modules.builtin.loading(plugins: [path]) }
        }
        let missing = folder.file("missing.so")
        expectError("there is no such file", in: missing) { try Modules.builtin.loading(plugins: [missing]) }
        try FileManager.default.createDirectory(atPath: folder.file("folder.so"), withIntermediateDirectories: false)
        expectError("expected a file, found a folder", in: folder.file("folder.so")) {
            try Modules.builtin.loading(plugins: [folder.file("folder.so")])
        }
    }

    /// Expects an error that names the file and the reason.
    private func expectError(_ reason: String, in path: String, _ body: () throws -> some Any) {
        do {
            _ = try body()
            Issue.record("expected an error with '\(reason)'")
        } catch {
            let text = "\(error)"
            #expect(text.contains(reason))
            #expect(text.contains(path))
        }
    }
}
