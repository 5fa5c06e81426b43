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
                let pictures = try PictureSamples(network, path, part)
                return try pictures.samples(0..<min(count, pictures.order.count))
            }
            guard part == nil else {
                throw TesseraError(.invalidArgument, "'part' is for folders and archives of pictures, found '\(path)'")
            }
            return try readTensors(path).prefix(count)
        }
    }

    /// Calls `body` with samples, so many at a time, in the order in which `read` gives them. Pictures are decoded when their turn comes, so
    /// that any number of them takes the memory of a few.
    ///
    /// - Parameter size: of a batch, where the network leaves it open. Of one whose batch is fixed, what fills no batch is left out.
    /// - Throws: as `read`, `invalidArgument` if there are not enough samples for one batch, and what `body` throws.
    public func forEachBatch(
        _ path: String, part: String? = nil, count: Int, size: Int, _ body: (LabelledSamples) throws -> Void
    ) throws {
        let isTensors = URL(fileURLWithPath: path).pathExtension.lowercased() == "safetensors"
        let tensors = isTensors ? try read(path, part: part, count: count) : nil
        let pictures = isTensors ? nil : try locatingErrors(path: "samples") { try PictureSamples(network, path, part) }
        if let tensors {
            for batch in try tensors.batches(for: network, size: size) { try body(batch) }
        } else if let pictures {
            let batches = try network.batches(of: min(count, pictures.order.count), size: size)
            for range in batches { try body(locatingErrors(path: "samples") { try pictures.samples(range) }) }
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
}

/// Pictures as samples, one of each class in turn.
private struct PictureSamples {
    let pictures: EncodedPictures
    let order: [Int]
    private let name: String
    private let declaration: InputDeclaration
    /// The shape of one sample.
    private let shape: Shape

    init(_ network: Network, _ path: String, _ part: String?) throws {
        guard network.graph.inputs.count == 1, let input = network.graph.inputs.first,
            let declaration = network.inputs[input.name]
        else {
            throw TesseraError(
                .invalidArgument, "pictures are for networks with one input, found \(network.graph.inputs.count)")
        }
        (name, self.declaration) = (input.name, declaration)
        pictures = try EncodedPictures(path, part: part)
        order = Self.interleaved(pictures)
        shape = try declaration.tensor(of: pictures.picture(order[0])).shape
    }

    /// - Parameter places: in `order`.
    /// - Throws: `shapeMismatch` for a picture of another size than the first.
    func samples(_ places: Range<Int>) throws -> LabelledSamples {
        var tensor = try Tensor(zeros: Shape([places.count] + shape.dimensions.dropFirst()))
        for (row, index) in order[places].enumerated() {
            try locatingErrors(path: pictures.name(index)) {
                let own = try declaration.tensor(of: pictures.picture(index))
                guard own.shape == shape else {
                    throw TesseraError(.shapeMismatch, "expected pictures of \(shape), found \(own.shape)")
                }
                try tensor.paste(own, at: Region(whole: tensor.shape).replacing(axis: 0, with: row..<row + 1))
            }
        }
        let labels = order[places].compactMap { pictures.label($0).map(Int64.init) }
        return try LabelledSamples(
            inputs: [name: tensor], expected: labels.isEmpty ? nil : Tensor(integers: labels, shape: [labels.count]))
    }

    private static func interleaved(_ pictures: EncodedPictures) -> [Int] {
        var classes: [[Int]] = Array(repeating: [], count: max(1, pictures.classes.count))
        for index in 0..<pictures.count { classes[pictures.label(index) ?? 0].append(index) }
        return (0..<(classes.map(\.count).max() ?? 0)).flatMap { place in
            classes.compactMap { place < $0.count ? $0[place] : nil }
        }
    }
}

extension LabelledSamples {
    /// The samples in batches that a network takes: of a size where that is open. Of a network whose batch is fixed, what fills no batch is
    /// left out.
    ///
    /// - Throws: `invalidArgument` if there are not enough for one.
    func batches(for network: Network, size: Int) throws -> [LabelledSamples] {
        let ranges = try network.batches(of: count, size: size)
        return try batches(of: ranges.first?.count ?? size).prefix(ranges.count).map { $0 }
    }
}

extension Network {
    /// The samples of each batch.
    fileprivate func batches(of count: Int, size: Int) throws -> [Range<Int>] {
        let fixed = graph.inputs.compactMap { input in
            (inputs[input.name]?.shape ?? input.shape).dimensions.first?.fixedSize
        }.min()
        if let fixed, count < fixed {
            throw TesseraError(
                .invalidArgument, "expected at least \(fixed) samples, the batch of the network, found \(count)")
        }
        let size = fixed ?? size
        return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }.filter {
            fixed == nil || $0.count == size
        }
    }
}
