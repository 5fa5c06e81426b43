import ArgumentParser
import Foundation
import Tessera

struct DecompressCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decompress",
        abstract: "Writes compressed weights as a safetensors file, or a network with such weights.",
        discussion: "Every command reads compressed weights anyway; this is for other programs.")

    @OptionGroup var plugins: PluginOptions

    @Argument(help: "A file of compressed weights (.tcw), or a network file.")
    var source: String

    @Option(
        name: .shortAndLong,
        help:
            "The safetensors file, or for a network the folder, that is written; without, what is in the file is listed."
    )
    var output: String?

    @Flag(help: "Replace what was written there before.")
    var force = false

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    private struct Report: Encodable {
        let file: String
        let bytes: Int
        let tensors: Int
        let seconds: Double
    }

    func run() throws {
        let modules = try plugins.modules()
        let isFile = source.lowercased().hasSuffix("." + CompressedWeights.fileExtension)
        guard let output else {
            guard isFile else { throw ValidationError("'--output' is needed for a network") }
            return try list(open(modules).index)
        }
        let start = ContinuousClock.now
        guard isFile else {
            let folder = NetworkFolder(output)
            try folder.check(force: force, hint: "--force")
            let network = try modules.loader.load(source)
            switch network.weights {
            case .none, .random:
                throw TesseraError(.notSupported, "'\(source)' reads no weights from a file, so none can be written")
            default: break
            }
            try folder.write(network)
            return try report(folder.weightPath, try SafetensorsFile(path: folder.weightPath).names.count, since: start)
        }
        guard force || !FileManager.default.fileExists(atPath: output) else {
            throw TesseraError(.invalidArgument, "'\(output)' is there already: --force replaces it")
        }
        let tensors = try open(modules).tensors()
        try SafetensorsFile.write(tensors, to: output)
        try report(output, tensors.count, since: start)
    }

    private func open(_ modules: Modules) throws -> CompressedWeightFile {
        try CompressedWeightFile(
            path: source, codecs: modules.weightCodecs, layouts: modules.weightLayouts,
            threads: ProcessInfo.processInfo.activeProcessorCount)
    }

    private func report(_ file: String, _ tensors: Int, since start: ContinuousClock.Instant) throws {
        let seconds = (ContinuousClock.now - start).milliseconds / 1000
        let report = Report(file: file, bytes: fileByteCount(file) ?? 0, tensors: tensors, seconds: seconds)
        if json { return try printJSON(report) }
        print("\(file): \(tensors) tensors, \(ByteCount(report.bytes))")
    }

    private func list(_ index: CompressedWeightIndex) throws {
        if json { return try printJSON(index) }
        var table = TextTable(header: ["weight", "shape", "layout", "codec", "bits", "parts", "bytes"])
        for layer in index.layers {
            table.add([
                layer.name, "\(Shape(layer.shape))", layer.layout.name, layer.codec,
                String(layer.mapping?.bits ?? layer.integerBits ?? 8), String(layer.parts.count),
                String(layer.parts.reduce(0) { $0 + $1.byteCount }),
            ])
        }
        if let exact = index.exact {
            table.add(["\(exact.members.count) others", "", "", exact.codec, "exact", "1", String(exact.byteCount)])
        }
        print(table)
    }
}
