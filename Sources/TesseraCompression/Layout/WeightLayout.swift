import TesseraCore

/// The order in which the numbers of a layer become samples: as an image, as frames of a video, or one after the other.
public enum WeightLayout: Sendable, Equatable, Codable {
    /// One image for each matrix, inputs times columns of the kernel wide, outputs times rows of the kernel high (METHODS.md B3, B4, B5).
    case image
    /// Blocks of weights, each one frame; what does not divide evenly is padded (METHODS.md B6, B7).
    case blocks(WeightBlock)
    /// All weights in their order (METHODS.md B8), an output channel in each row.
    case sequence

    /// The frames of a layer.
    ///
    /// - Throws: `limitExceeded` if there are more samples than can be counted, `invalidArgument` for a block without weights.
    public func frames(of geometry: WeightGeometry) throws -> FrameLayout {
        try FrameLayout(self, geometry)
    }
}

/// Frames of equal size, and the weight that each of their samples is.
public struct FrameLayout: Sendable, Equatable {
    public let geometry: WeightGeometry
    public let width: Int
    public let height: Int
    public let count: Int
    /// The block that each frame is; nil for sequences.
    private let block: (inputs: Int, outputs: Int, width: Int, height: Int)?
    /// Blocks along inputs, outputs, columns and rows.
    private let grid: (inputs: Int, outputs: Int, columns: Int, rows: Int)

    init(_ layout: WeightLayout, _ geometry: WeightGeometry) throws {
        self.geometry = geometry
        switch layout {
        case .sequence: block = nil
        case .image:
            block = (geometry.inputs, geometry.outputs, geometry.kernelWidth, geometry.kernelHeight)
        case .blocks(let given):
            let sizes = (
                given.inputs, given.outputs, given.width ?? geometry.kernelWidth, given.height ?? geometry.kernelHeight
            )
            guard min(sizes.0, sizes.1, sizes.2, sizes.3) > 0 || geometry.count == 0 else {
                throw TesseraError(
                    .invalidArgument,
                    "expected blocks of at least one weight, found \(sizes.0)x\(sizes.1)x\(sizes.2)x\(sizes.3)")
            }
            // A block that is larger than the layer would be padding.
            block = (
                min(sizes.0, geometry.inputs), min(sizes.1, geometry.outputs), min(sizes.2, geometry.kernelWidth),
                min(sizes.3, geometry.kernelHeight)
            )
        }
        guard let block, geometry.count > 0 else {
            grid = (1, 1, 1, 1)
            let rows = Shape.saturatingProduct(geometry.matrices, geometry.outputs)
            height = geometry.count > 0 ? rows : 0
            width = height > 0 ? geometry.count / height : 0
            count = geometry.count > 0 ? 1 : 0
            try checkCount()
            return
        }
        func blocks(_ size: Int, _ part: Int) -> Int { (size - 1) / part + 1 }
        grid = (
            blocks(geometry.inputs, block.inputs), blocks(geometry.outputs, block.outputs),
            blocks(geometry.kernelWidth, block.width), blocks(geometry.kernelHeight, block.height)
        )
        width = Shape.saturatingProduct(block.inputs, block.width)
        height = Shape.saturatingProduct(block.outputs, block.height)
        count = [geometry.matrices, grid.inputs, grid.outputs, grid.columns, grid.rows]
            .reduce(1, Shape.saturatingProduct)
        try checkCount()
    }

    private func checkCount() throws {
        guard [width, height, count].reduce(1, Shape.saturatingProduct) < Tensor.byteCountLimit else {
            throw TesseraError(
                .limitExceeded,
                "expected fewer than \(Tensor.byteCountLimit) samples, found \(count) frames of \(width)x\(height)")
        }
    }

    /// The samples of all frames.
    public var sampleCount: Int { width * height * count }

    public static func == (a: FrameLayout, b: FrameLayout) -> Bool {
        guard a.geometry == b.geometry, a.width == b.width, a.height == b.height, a.count == b.count else {
            return false
        }
        guard let left = a.block, let right = b.block else { return a.block == nil && b.block == nil }
        return left == right
    }

    /// The places, among the weights, of the samples of one row of a frame; the negative of the place below -1 for padding, which
    /// repeats the nearest weight: `-2 - place`.
    func places(frame: Int, row: Int, into places: inout [Int]) {
        places.removeAll(keepingCapacity: true)
        guard let block else {
            let start = row * width
            places.append(contentsOf: start..<start + width)
            return
        }
        // Frames go along columns of the kernel first, then rows, inputs, outputs and matrices.
        var rest = frame
        func next(_ size: Int) -> Int {
            defer { rest /= size }
            return rest % size
        }
        let firstColumn = next(grid.columns) * block.width
        let firstRow = next(grid.rows) * block.height
        let firstInput = next(grid.inputs) * block.inputs
        let firstOutput = next(grid.outputs) * block.outputs
        let output = firstOutput + row / block.height
        let kernelRow = firstRow + row % block.height
        let isRowPadding = output >= geometry.outputs || kernelRow >= geometry.kernelHeight
        for input in firstInput..<firstInput + block.inputs {
            for column in firstColumn..<firstColumn + block.width {
                let place = geometry.place(
                    matrix: rest, output: min(output, geometry.outputs - 1), input: min(input, geometry.inputs - 1),
                    row: min(kernelRow, geometry.kernelHeight - 1), column: min(column, geometry.kernelWidth - 1))
                let isPadding = isRowPadding || input >= geometry.inputs || column >= geometry.kernelWidth
                places.append(isPadding ? -2 - place : place)
            }
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
                for place in places { samples.append(numbers[place < 0 ? -2 - place : place]) }
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
