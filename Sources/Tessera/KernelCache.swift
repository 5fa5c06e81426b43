import Foundation
import TesseraCluster
import TesseraCore
import TesseraRuntime

/// Kernels that were measured, in a file for each machine and network: what is measured once holds for later runs.
///
/// A file that cannot be read is measured again, and one that cannot be written is done without. Measured again, kernels may differ,
/// and with them the last bits of a result; in f32, what is cut is equal to the whole in any case.
public struct KernelCache: Sendable {
    public let folder: URL

    /// In `$XDG_CACHE_HOME/tessera/kernels`, or `~/.cache/tessera/kernels`.
    public static var standard: KernelCache {
        let environment = ProcessInfo.processInfo.environment
        let base =
            environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? URL(fileURLWithPath: $0) : nil }
            ?? FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(".cache")
        return KernelCache(folder: base.appendingPathComponent("tessera/kernels"))
    }

    public init(folder: URL) { self.folder = folder }

    /// What kernels were measured for; all of it must be the same for them to hold.
    private struct Subject: Codable, Equatable {
        var tessera = 1
        var machine: String
        var backend: String
        var version: String
        var instruction_set: String
        var threads: Int
        var precision: PrecisionChoice
        /// The hash of the layers with their options and shapes.
        var network: String
    }

    private struct File: Codable {
        var subject: Subject
        var kernels: [String: KernelChoice]
    }

    /// The kernels for a graph on this machine: those of the file, or else measured now.
    ///
    /// - Parameter options: threads and precision, by which kernels differ.
    public func kernels(
        for graph: BoundGraph, backend: any KernelBackend, options: CompileOptions
    ) throws -> [String: KernelChoice] {
        let subject = Subject(
            machine: Self.processor, backend: backend.name, version: backend.version,
            instruction_set: backend.instructionSet,
            threads: options.threads, precision: options.precision, network: graph.structureHash)
        let url = try file(for: subject)
        if let data = try? Data(contentsOf: url), let file = try? JSONDecoder().decode(File.self, from: data),
            file.subject == subject
        {
            return file.kernels
        }
        let kernels = try backend.tune(graph, options: options)
        try? FileManager.default.makeFolder(folder.path)
        try? Data(readableJSON(File(subject: subject, kernels: kernels)).utf8).write(to: url, options: .atomic)
        return kernels
    }

    private func file(for subject: Subject) throws -> URL {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let name = ContentHash(text: String(decoding: try encoder.encode(subject), as: UTF8.self))
        return folder.appendingPathComponent("\(name.hexadecimal.prefix(32)).json")
    }

    /// The processor's name as Linux tells it.
    private static var processor: String {
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = information.split(separator: "\n").first { $0.hasPrefix("model name") }
        let name = line?.split(separator: ":", maxSplits: 1).last?.trimmingCharacters(in: .whitespaces)
        return "\(name ?? "unknown"), \(ProcessInfo.processInfo.processorCount) cores"
    }
}

extension BoundGraph {
    /// The same for graphs with the same layers, options, connections and shapes, whatever their weights.
    fileprivate var structureHash: String {
        let inputs = graph.inputs.map { "\($0.name) \(shapes[$0.value]) \($0.elementType)" }
        let nodes = graph.nodes.map { node in
            let outputs = node.outputs.map { "\(shapes[$0]) \(elementTypes[$0])" }
            return "\(node.name) \(node.op.name) \(node.op.configuration.flow) \(node.inputs) \(outputs)"
        }
        return ContentHash(text: (inputs + nodes).joined(separator: "\n")).hexadecimal
    }
}
