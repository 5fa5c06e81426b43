import TesseraCore

/// Frames of equal size, and the weight that each of their samples is.
public struct FrameLayout: Sendable, Equatable {
    public let geometry: WeightGeometry
    public let width: Int
    public let height: Int
    public let count: Int
    private let order: Order

    /// How the place of a sample's weight is found.
    private enum Order: Sendable, Equatable {
        /// It is that of the sample.
        case sequence
        case blocks(BlockGrid)
        /// It is listed, for all samples of all frames; for padding as `places(frame:row:into:)` gives it.
        case listed([Int32])
    }

    /// The most weights and samples of frames whose places are listed, which takes four bytes for each: a list is for one layer, and no
    /// codec takes larger parts of one.
    public static let listLimit = WeightCodecLimits.largestPart

    private init(_ geometry: WeightGeometry, width: Int, height: Int, count: Int, _ order: Order) throws {
        (self.geometry, self.width, self.height, self.count) = (geometry, width, height, count)
        self.order = order
        guard [width, height, count].reduce(1, Shape.saturatingProduct) < Tensor.byteCountLimit else {
            throw TesseraError(
                .limitExceeded,
                "expected fewer than \(Tensor.byteCountLimit) samples, found \(count) frames of \(width)x\(height)")
        }
    }

    /// All weights in their order, an output channel in each row.
    init(sequenceOf geometry: WeightGeometry) throws {
        let isEmpty = geometry.count == 0
        let rows = isEmpty ? 0 : Shape.saturatingProduct(geometry.matrices, geometry.outputs)
        try self.init(
            geometry, width: isEmpty ? 0 : geometry.count / rows, height: rows, count: isEmpty ? 0 : 1, .sequence)
    }

    /// Blocks of weights; those beyond the layer are padding.
    init(of geometry: WeightGeometry, block: WeightBlock) throws {
        guard geometry.count > 0 else {
            try self.init(sequenceOf: geometry)
            return
        }
        let grid = try BlockGrid(geometry, block)
        try self.init(
            geometry, width: Shape.saturatingProduct(grid.inputs, grid.width),
            height: Shape.saturatingProduct(grid.outputs, grid.height), count: grid.count(of: geometry), .blocks(grid))
    }

    /// Frames whose samples are listed.
    ///
    /// - Parameters:
    ///   - places: for each sample, row by row and frame by frame, the place of its weight among all of the layer. The first sample of
    ///     a weight stands for it; further ones are padding.
    ///   - firstPlace: what the place of the first weight is called, 1 by those who count from 1.
    /// - Throws: `invalidArgument` unless every sample has a weight and every weight a sample; `limitExceeded` for more than `listLimit`
    ///   of either.
    public init(
        of geometry: WeightGeometry, width: Int, height: Int, count: Int, places: [Int32], firstPlace: Int = 0
    ) throws {
        guard min(width, height, count) > 0 else {
            throw TesseraError(
                .invalidArgument, "expected frames of at least one sample, found \(count) of \(width)x\(height)")
        }
        let sampleCount = [width, height, count].reduce(1, Shape.saturatingProduct)
        try Self.checkList(weights: geometry.count, samples: sampleCount)
        guard places.count == sampleCount else {
            throw TesseraError(
                .invalidArgument,
                "expected places of \(sampleCount) samples, \(count) frames of \(width)x\(height), found \(places.count)"
            )
        }
        let marked = try Self.markingPadding(places, weightCount: geometry.count, firstPlace: firstPlace)
        try self.init(geometry, width: width, height: height, count: count, .listed(marked))
    }

    /// The places from 0, those of weights that were there before as padding.
    private static func markingPadding(_ places: [Int32], weightCount: Int, firstPlace: Int) throws -> [Int32] {
        var isThere = [Bool](repeating: false, count: weightCount)
        var result = places
        for index in places.indices {
            let place = Int(places[index]) - firstPlace
            guard isThere.indices.contains(place) else {
                throw TesseraError(
                    .invalidArgument,
                    "expected places from \(firstPlace) to \(weightCount - 1 + firstPlace), found \(places[index]) for sample "
                        + "\(index + firstPlace)")
            }
            result[index] = Int32(isThere[place] ? paddingPlace(place) : place)
            isThere[place] = true
        }
        if let missing = isThere.firstIndex(of: false) {
            throw TesseraError(
                .invalidArgument,
                "expected a sample for every weight, found none for that at place \(missing + firstPlace)"
            )
        }
        return result
    }

    /// - Throws: `limitExceeded` for more than can be listed.
    static func checkList(weights: Int, samples: Int = 0) throws {
        for (count, what) in [(weights, "weights"), (samples, "samples")] where count > listLimit {
            throw TesseraError(.limitExceeded, "expected at most \(listLimit) \(what), found \(count)")
        }
    }

    /// The samples of all frames.
    public var sampleCount: Int { width * height * count }

    /// What stands for padding that repeats the weight at a place, and the way back.
    static func paddingPlace(_ place: Int) -> Int { -2 - place }

    /// The places, among the weights, of the samples of one row of a frame; `paddingPlace` of it, which is below -1, for padding, which
    /// repeats a weight: the nearest one in blocks.
    func places(frame: Int, row: Int, into places: inout [Int]) {
        places.removeAll(keepingCapacity: true)
        switch order {
        case .sequence:
            let start = row * width
            places.append(contentsOf: start..<start + width)
        case .blocks(let grid): grid.places(frame: frame, row: row, of: geometry, into: &places)
        case .listed(let list):
            let start = (frame * height + row) * width
            for index in start..<start + width { places.append(Int(list[index])) }
        }
    }

    /// The samples of some rows of some frames.
    ///
    /// - Parameter numbers: one for each weight, in their order.
    public func samples(
        of numbers: UnsafeBufferPointer<UInt16>, frames: Range<Int>, rows: Range<Int>, bits: Int
    ) -> WeightFrames {
        var samples: [UInt16] = []
        samples.reserveCapacity(frames.count * rows.count * width)
        var places: [Int] = []
        for frame in frames {
            for row in rows {
                self.places(frame: frame, row: row, into: &places)
                for place in places { samples.append(numbers[place < 0 ? Self.paddingPlace(place) : place]) }
            }
        }
        return WeightFrames(
            FrameFormat(width: width, height: rows.count, count: frames.count, bits: bits), samples: samples)
    }

    /// Goes through the samples of some rows of some frames that are weights: the way back, without padding.
    ///
    /// - Parameter body: takes the place of a sample in `samples(of:frames:rows:bits:)`, and that of its weight.
    func forEachWeight(frames: Range<Int>, rows: Range<Int>, _ body: (_ sample: Int, _ weight: Int) -> Void) {
        var places: [Int] = []
        var sample = 0
        for frame in frames {
            for row in rows {
                self.places(frame: frame, row: row, into: &places)
                for place in places {
                    if place >= 0 { body(sample, place) }
                    sample += 1
                }
            }
        }
    }

    /// One number for each weight from the samples of all frames: the way back (METHODS.md B9).
    public func numbers(of frames: WeightFrames) -> [UInt16] {
        var numbers = [UInt16](repeating: 0, count: geometry.count)
        forEachWeight(frames: 0..<count, rows: 0..<height) { numbers[$1] = frames.samples[$0] }
        return numbers
    }
}

/// Blocks of equal size, side by side, which cover the weights of a layer.
private struct BlockGrid: Sendable, Equatable {
    /// The size of a block.
    let inputs: Int
    let outputs: Int
    let width: Int
    let height: Int
    /// Blocks along inputs, outputs, columns and rows.
    private let inputBlocks: Int
    private let outputBlocks: Int
    private let columnBlocks: Int
    private let rowBlocks: Int

    /// - Throws: `invalidArgument` for a block without weights.
    init(_ geometry: WeightGeometry, _ block: WeightBlock) throws {
        let (columns, rows) = (block.width ?? geometry.kernelWidth, block.height ?? geometry.kernelHeight)
        guard min(block.inputs, block.outputs, columns, rows) > 0 else {
            throw TesseraError(
                .invalidArgument,
                "expected blocks of at least one weight, found \(block.inputs)x\(block.outputs)x\(columns)x\(rows)")
        }
        // A block that is larger than the layer would be padding.
        (inputs, outputs) = (min(block.inputs, geometry.inputs), min(block.outputs, geometry.outputs))
        (width, height) = (min(columns, geometry.kernelWidth), min(rows, geometry.kernelHeight))
        func blocks(_ size: Int, _ part: Int) -> Int { (size - 1) / part + 1 }
        inputBlocks = blocks(geometry.inputs, inputs)
        outputBlocks = blocks(geometry.outputs, outputs)
        columnBlocks = blocks(geometry.kernelWidth, width)
        rowBlocks = blocks(geometry.kernelHeight, height)
    }

    /// The blocks of all matrices.
    func count(of geometry: WeightGeometry) -> Int {
        [geometry.matrices, inputBlocks, outputBlocks, columnBlocks, rowBlocks].reduce(1, Shape.saturatingProduct)
    }

    func places(frame: Int, row: Int, of geometry: WeightGeometry, into places: inout [Int]) {
        // Frames go along columns of the kernel first, then rows, inputs, outputs and matrices.
        var rest = frame
        func next(_ size: Int) -> Int {
            defer { rest /= size }
            return rest % size
        }
        let firstColumn = next(columnBlocks) * width
        let firstRow = next(rowBlocks) * height
        let firstInput = next(inputBlocks) * inputs
        let firstOutput = next(outputBlocks) * outputs
        let output = firstOutput + row / height
        let kernelRow = firstRow + row % height
        let isRowPadding = output >= geometry.outputs || kernelRow >= geometry.kernelHeight
        for input in firstInput..<firstInput + inputs {
            let first = geometry.place(
                matrix: rest, output: min(output, geometry.outputs - 1), input: min(input, geometry.inputs - 1),
                row: min(kernelRow, geometry.kernelHeight - 1), column: 0)
            for column in firstColumn..<firstColumn + width {
                let place = first + min(column, geometry.kernelWidth - 1)
                let isPadding = isRowPadding || input >= geometry.inputs || column >= geometry.kernelWidth
                places.append(isPadding ? FrameLayout.paddingPlace(place) : place)
            }
        }
    }
}
