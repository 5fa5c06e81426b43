import Foundation
import Synchronization
import Tessera
import TesseraTestSupport
import Testing

@Suite struct KernelCacheTests {
    /// Counts how often it measures.
    private final class CountingBackend: KernelBackend {
        let name = "counting"
        let instructionSet = "none"
        let count = Mutex(0)

        func compile(_ graph: BoundGraph, options: CompileOptions) throws -> any CompiledNetwork {
            try ReferenceBackend().compile(graph, options: options)
        }

        func tune(_ graph: BoundGraph, options: CompileOptions) throws -> [String: KernelChoice] {
            let count = count.withLock { count in
                count += 1
                return count
            }
            return ["conv": KernelChoice(implementation: "kernel\(count)", source: "nchw", target: "nhwc")]
        }
    }

    private func graph(channels: Int) throws -> BoundGraph {
        try NetworkLoader(operators: .builtin).load(
            text: """
                {tessera: 1, inputs: {x: {shape: [1, 1, 4, 4]}}, weights: {random: 1}, outputs: [conv],
                 layers: [{conv: {name: conv, channels: \(channels), kernel: 3}}]}
                """, file: "n.yaml"
        ).bound()
    }

    @Test("kernels are measured once for a network, a number of threads and a precision")
    func measuredOnce() throws {
        let folder = try TemporaryFolder()
        let cache = KernelCache(folder: URL(fileURLWithPath: folder.path).appendingPathComponent("kernels"))
        let backend = CountingBackend()
        func kernel(_ channels: Int, _ options: CompileOptions = CompileOptions()) throws -> String? {
            try cache.kernels(for: graph(channels: channels), backend: backend, options: options)["conv"]?
                .implementation
        }
        #expect(try kernel(2) == "kernel1")
        #expect(try kernel(2) == "kernel1")
        #expect(try kernel(3) == "kernel2")
        #expect(try kernel(2, CompileOptions(threads: 2)) == "kernel3")
        #expect(try kernel(2, CompileOptions(precision: PrecisionChoice(.bf16))) == "kernel4")
        #expect(try kernel(2) == "kernel1")
    }

    @Test("a damaged file is measured again and mended; a folder that cannot be written is done without")
    func damage() throws {
        let folder = try TemporaryFolder()
        let backend = CountingBackend()
        let cache = KernelCache(folder: URL(fileURLWithPath: folder.path))
        func kernel(_ cache: KernelCache) throws -> String? {
            try cache.kernels(for: graph(channels: 2), backend: backend, options: CompileOptions())["conv"]?
                .implementation
        }
        #expect(try kernel(cache) == "kernel1")
        let file = try #require(FileManager.default.contentsOfDirectory(atPath: folder.path).first)
        let url = URL(fileURLWithPath: folder.path).appendingPathComponent(file)
        try Data(contentsOf: url).prefix(40).write(to: url)
        #expect(try kernel(cache) == "kernel2")
        #expect(try kernel(cache) == "kernel2")
        let nowhere = KernelCache(folder: url.appendingPathComponent("below a file"))
        #expect(try kernel(nowhere) == "kernel3")
        #expect(try kernel(nowhere) == "kernel4")
    }
}
