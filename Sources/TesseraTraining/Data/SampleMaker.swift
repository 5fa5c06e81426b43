import TesseraCore
import TesseraNetwork

/// How pictures are changed at random before they are trained with.
public struct Augmentation: Configurable, Equatable {
    /// Whether half of the pictures are mirrored from left to right.
    public var flip = false
    /// Black pixels around a picture, from which a part of its own size is cut anywhere.
    public var padding = 0

    public init() {}

    public static let keys: [Key<Augmentation>] = [
        Key("flip", \.flip, "whether every other picture, at random, is mirrored from left to right"),
        Key("crop_padding", \.padding, "black pixels around a picture, from which a part of its size is cut at random"),
    ]

    public func validate() throws {
        guard (0...4096).contains(padding) else {
            throw TesseraError(.invalidArgument, "expected 'crop_padding' from 0 to 4096, found \(padding)")
        }
    }
}

extension Augmentation: ConfigurationValue {
    public static var typeDescription: String { "a map of keys" }
}

/// Turns pictures into a batch: what it makes depends on the seed, the epoch and the picture alone, so it does not matter on
/// which thread, or after which interruption.
struct SampleMaker: Sendable {
    enum Task: Sendable, Equatable {
        case classes
        /// Squares, with noise of `deviation` added, in steps of 1/255.
        case restoration(deviation: Double)
    }

    let dataSet: any DataSet
    let input: InputDeclaration
    /// [batch, channels, height, width].
    let shape: Shape
    let task: Task
    /// Nil to leave pictures as they are, in evaluation.
    let augmentation: Augmentation?
    let seed: Int

    private let tables: [(source: Int, values: [Float])]

    init(
        _ dataSet: any DataSet, input: InputDeclaration, shape: Shape, task: Task, augmentation: Augmentation?,
        seed: Int
    ) throws {
        guard shape.rank == 4 else {
            throw TesseraError(
                .shapeMismatch, "expected an input of [batch, channels, height, width] for pictures, found \(shape)")
        }
        (self.dataSet, self.input, self.shape, self.task) = (dataSet, input, shape, task)
        (self.augmentation, self.seed) = (augmentation, seed)
        tables = try input.pixelTables(channels: shape[1])
        guard task == .classes || tables.allSatisfy({ abs($0.values[0]) + abs($0.values[255] - 1) < 1e-5 })
        else {
            throw TesseraError(
                .notSupported,
                "expected an input of pixels from 0 to 1 to restore pictures, without 'mean' and 'deviation'")
        }
    }

    /// The batch of the pictures with these numbers; the last of them fills up what is left.
    func batch(_ indices: [Int], epoch: Int) throws -> TrainingBatch {
        var tensor = try Tensor(zeros: shape)
        var clean = task == .classes ? nil : try Tensor(zeros: shape)
        var labels: [Int] = []
        let size = shape.elementCount / max(1, shape[0])
        for slot in 0..<shape[0] {
            let index = indices[min(slot, indices.count - 1)]
            var random = SplitMix64(seed: seed, name: "sample.\(augmentation == nil ? -1 : epoch).\(index)")
            labels.append(dataSet.label(index) ?? 0)
            try tensor.withMutableFloats { floats in
                let target = UnsafeMutableBufferPointer(rebasing: floats[slot * size..<(slot + 1) * size])
                try write(index, to: target, &random)
                guard case .restoration(let deviation) = task else { return }
                try clean?.withMutableFloats { copies in
                    for place in target.indices { copies[slot * size + place] = target[place] }
                }
                let scale = Float(deviation / 255)
                for place in target.indices { target[place] += scale * random.normal() }
            }
        }
        return TrainingBatch(
            input: tensor, target: clean.map { .tensor($0) } ?? .classes(labels), count: min(indices.count, shape[0]))
    }

    private func write(_ index: Int, to target: UnsafeMutableBufferPointer<Float>, _ random: inout SplitMix64) throws {
        let (height, width) = (shape[2], shape[3])
        var picture = try dataSet.picture(index)
        var (top, left) = (0, 0)
        switch task {
        case .classes:
            picture = try input.fitted(picture, channels: shape[1], height: height, width: width)
            if let padding = augmentation?.padding, padding > 0 {
                top = Int.random(in: -padding...padding, using: &random)
                left = Int.random(in: -padding...padding, using: &random)
            }
        case .restoration:
            picture = try input.coloured(picture, channels: shape[1])
            guard picture.width >= width, picture.height >= height else {
                throw TesseraError(
                    .shapeMismatch,
                    "expected pictures of at least \(width) by \(height), found \(picture.width) by \(picture.height)")
            }
            if augmentation != nil {
                top = Int.random(in: 0...(picture.height - height), using: &random)
                left = Int.random(in: 0...(picture.width - width), using: &random)
            } else {
                (top, left) = ((picture.height - height) / 2, (picture.width - width) / 2)
            }
        }
        let isMirrored = augmentation?.flip == true && Bool.random(using: &random)
        let channels = picture.channels
        picture.pixels.withUnsafeBufferPointer { pixels in
            for (channel, table) in tables.enumerated() {
                table.values.withUnsafeBufferPointer { values in
                    for y in 0..<height {
                        let row = (channel * height + y) * width
                        let sourceY = y + top
                        for x in 0..<width {
                            let sourceX = (isMirrored ? width - 1 - x : x) + left
                            let isInside =
                                sourceY >= 0 && sourceY < picture.height && sourceX >= 0 && sourceX < picture.width
                            let byte =
                                isInside ? pixels[(sourceY * picture.width + sourceX) * channels + table.source] : 0
                            target[row + x] = values[Int(byte)]
                        }
                    }
                }
            }
        }
    }
}
