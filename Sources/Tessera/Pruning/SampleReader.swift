import Foundation
import TesseraCore
import TesseraNetwork
import TesseraPruning

/// Reads samples for a network.
///
/// - A `.safetensors` file has a tensor for each input, with the samples along the first axis; a network with one input takes a
///   tensor `input`, too. Labels are a tensor `label` of class numbers, or `target` of the values that are expected.
/// - A folder has a sub-folder of pictures for each class, numbered in the order of their names, or pictures without labels.
public struct SampleReader: Sendable {
    private let network: Network

    public init(_ network: Network) { self.network = network }

    /// - Parameter count: the most samples that are read; of a folder, the same number of each class as far as that goes.
    /// - Throws: `inputOutput` if there is no such file or folder, `invalidArgument` if it has no samples.
    public func read(_ path: String, count: Int) throws -> LabelledSamples {
        try locatingErrors(path: "samples") {
            URL(fileURLWithPath: path).pathExtension.lowercased() == "safetensors"
                ? try readTensors(path).prefix(count) : try readFolder(path, count: count)
        }
    }

    private func readTensors(_ path: String) throws -> LabelledSamples {
        let file = try SafetensorsFile(path: path)
        let names = network.graph.inputs.map(\.name)
        var inputs: [String: Tensor] = [:]
        for name in names {
            let own = names.count == 1 && file.shape(of: name) == nil && file.shape(of: "input") != nil ? "input" : name
            inputs[name] = try network.readInput(name, "\(path)#\(own)")
        }
        let label = ["label", "target"].first { file.shape(of: $0) != nil }
        return try LabelledSamples(inputs: inputs, expected: label.map { try file.tensor($0) })
    }

    // MARK: Folders

    private func readFolder(_ path: String, count: Int) throws -> LabelledSamples {
        guard network.graph.inputs.count == 1, let input = network.graph.inputs.first,
            let declaration = network.inputs[input.name]
        else {
            throw TesseraError(
                .invalidArgument,
                "a folder of pictures is for networks with one input, found \(network.graph.inputs.count)")
        }
        let classes = try entries(of: path).filter { isFolder("\(path)/\($0)") }
        let files =
            classes.isEmpty
            ? [try pictures(in: path)] : try classes.map { try pictures(in: "\(path)/\($0)") }
        let chosen = Self.interleaved(files, count: count)
        guard let first = chosen.first else {
            throw TesseraError(.invalidArgument, "expected pictures in '\(path)', or in its sub-folders, found none")
        }
        let sample = try declaration.tensor(of: Picture(path: first.path)).shape
        var tensor = try Tensor(zeros: Shape([chosen.count] + sample.dimensions.dropFirst()))
        for (index, picture) in chosen.enumerated() {
            let own = try locatingErrors(path: picture.path) { try declaration.tensor(of: Picture(path: picture.path)) }
            guard own.shape == sample else {
                throw TesseraError(
                    .shapeMismatch, "expected pictures of \(sample), found \(own.shape)", path: picture.path)
            }
            try tensor.paste(own, at: Region(whole: tensor.shape).replacing(axis: 0, with: index..<index + 1))
        }
        let labels =
            classes.isEmpty ? nil : try Tensor(integers: chosen.map { Int64($0.label) }, shape: [chosen.count])
        return try LabelledSamples(inputs: [input.name: tensor], expected: labels)
    }

    /// One of each list in turn.
    private static func interleaved(_ files: [[String]], count: Int) -> [(path: String, label: Int)] {
        var result: [(String, Int)] = []
        for place in 0..<(files.map(\.count).max() ?? 0) {
            for (label, files) in files.enumerated() where place < files.count && result.count < count {
                result.append((files[place], label))
            }
        }
        return result
    }

    private func entries(of folder: String) throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }.sorted()
        } catch {
            throw TesseraError(.inputOutput, "cannot read the folder '\(folder)'", cause: error)
        }
    }

    private func pictures(in folder: String) throws -> [String] {
        try entries(of: folder).filter {
            ["png", "jpg", "jpeg", "bmp", "webp"].contains(URL(fileURLWithPath: $0).pathExtension.lowercased())
        }
        .map { "\(folder)/\($0)" }
    }

    private func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}
