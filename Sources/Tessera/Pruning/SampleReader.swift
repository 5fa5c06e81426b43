import Foundation
import TesseraCore
import TesseraNetwork
import TesseraPruning
import TesseraTraining

/// Reads samples for a network.
///
/// - A `.safetensors` file has a tensor for each input, with the samples along the first axis; a network with one input takes a
///   tensor `input`, too. Labels are a tensor `label` of class numbers, or `target` of the values that are expected.
/// - A folder, or a tar archive (compressed by gzip or not), has a folder of pictures for each class, numbered in the order of their
///   names, or pictures without labels.
public struct SampleReader: Sendable {
    private let network: Network

    public init(_ network: Network) { self.network = network }

    /// - Parameters:
    ///   - part: a folder within the folder or the archive, such as `train`; nil for all of it.
    ///   - count: the most samples that are read; of pictures, the same number of each class as far as that goes.
    /// - Throws: `notFound` if there is no such file, folder or part, or if it has no pictures.
    public func read(_ path: String, part: String? = nil, count: Int) throws -> LabelledSamples {
        try locatingErrors(path: "samples") {
            guard URL(fileURLWithPath: path).pathExtension.lowercased() == "safetensors" else {
                return try readPictures(path, part: part, count: count)
            }
            guard part == nil else {
                throw TesseraError(.invalidArgument, "'part' is for folders and archives of pictures, found '\(path)'")
            }
            return try readTensors(path).prefix(count)
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

    // MARK: Pictures

    private func readPictures(_ path: String, part: String?, count: Int) throws -> LabelledSamples {
        guard network.graph.inputs.count == 1, let input = network.graph.inputs.first,
            let declaration = network.inputs[input.name]
        else {
            throw TesseraError(
                .invalidArgument, "pictures are for networks with one input, found \(network.graph.inputs.count)")
        }
        let pictures = try EncodedPictures(path, part: part)
        let chosen = Self.interleaved(pictures).prefix(count)
        let sample = try declaration.tensor(of: pictures.picture(chosen[0])).shape
        var tensor = try Tensor(zeros: Shape([chosen.count] + sample.dimensions.dropFirst()))
        for (row, index) in chosen.enumerated() {
            try locatingErrors(path: pictures.name(index)) {
                let own = try declaration.tensor(of: pictures.picture(index))
                guard own.shape == sample else {
                    throw TesseraError(.shapeMismatch, "expected pictures of \(sample), found \(own.shape)")
                }
                try tensor.paste(own, at: Region(whole: tensor.shape).replacing(axis: 0, with: row..<row + 1))
            }
        }
        let labels = chosen.compactMap { pictures.label($0).map(Int64.init) }
        return try LabelledSamples(
            inputs: [input.name: tensor],
            expected: labels.isEmpty ? nil : Tensor(integers: labels, shape: [labels.count]))
    }

    /// One of each class in turn.
    private static func interleaved(_ pictures: EncodedPictures) -> [Int] {
        var classes: [[Int]] = Array(repeating: [], count: max(1, pictures.classes.count))
        for index in 0..<pictures.count { classes[pictures.label(index) ?? 0].append(index) }
        return (0..<(classes.map(\.count).max() ?? 0)).flatMap { place in
            classes.compactMap { place < $0.count ? $0[place] : nil }
        }
    }
}
