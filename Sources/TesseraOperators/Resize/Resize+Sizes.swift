import TesseraCore

extension Resize {
    /// One axis: how all of it is resized, and which part of it is at hand and is made.
    struct AxisPart {
        var whole: ResizeAxis
        /// Where the part of the input that is given starts.
        var inputStart: Int
        /// The pixels of the whole output that are made.
        var output: Range<Int>
    }

    /// Every axis of an input, or of the part of one.
    ///
    /// - Throws: `invalidArgument` or `shapeMismatch` for lists that do not fit the input, or for sizes that cannot be.
    func axisParts(of input: Shape) throws -> [AxisPart] {
        guard let part else {
            return try wholeAxes(of: input).map { AxisPart(whole: $0, inputStart: 0, output: 0..<$0.output) }
        }
        guard part.count == 4 * input.rank else {
            throw TesseraError(
                .shapeMismatch, "'part' expects 4 numbers for each axis of the input of \(input), found \(part.count)")
        }
        let axes = try wholeAxes(of: Shape(input.dimensions.indices.map { part[4 * $0] }))
        return try axes.enumerated().map { index, axis in
            let (inputStart, first, count) = (part[4 * index + 1], part[4 * index + 2], part[4 * index + 3])
            guard inputStart >= 0, inputStart <= axis.input - input[index], first >= 0, count >= 0,
                count <= axis.output - first
            else {
                throw TesseraError(
                    .shapeMismatch,
                    "'part' does not fit axis \(index) of \(axis.input) pixels, resized to \(axis.output)")
            }
            return AxisPart(whole: axis, inputStart: inputStart, output: first..<first + count)
        }
    }

    private func wholeAxes(of input: Shape) throws -> [ResizeAxis] {
        guard input.dimensions.allSatisfy({ $0 >= 0 }) else {
            throw TesseraError(.shapeMismatch, "expected sizes of at least 0, found \(input)")
        }
        let order = try axes?.map { try resolveAxis($0, rank: input.rank, key: "axes") } ?? Array(0..<input.rank)
        guard Set(order).count == order.count else {
            throw TesseraError(.invalidArgument, "'axes' names an axis twice: \(order)")
        }
        let targets = try targets(order.map { input[$0] })
        let regions = try regions(count: order.count)
        var result = input.dimensions.map { ResizeAxis(input: $0, output: $0) }
        for (index, axis) in order.enumerated() {
            (result[axis].output, result[axis].scale) = targets[index]
            (result[axis].start, result[axis].end) = regions[index]
            guard result[axis].input > 0 || result[axis].output == 0 else {
                throw TesseraError(
                    .shapeMismatch, "an axis without elements cannot be resized to \(result[axis].output)")
            }
        }
        return result
    }

    /// The size and the scale of each of `axes`, whose sizes are given.
    private func targets(_ inputs: [Int]) throws -> [(Int, Double)] {
        if let scales {
            guard sizes == nil else {
                throw TesseraError(.invalidArgument, "expected either 'scales' or 'sizes', found both")
            }
            try requireCount("scales", scales.count, inputs.count)
            return try zip(inputs, scales).map { input, scale in
                guard scale > 0, scale.isFinite else {
                    throw TesseraError(.invalidArgument, "'scales' expects numbers above 0, found \(scale)")
                }
                // In binary32, so that 10 · 0.7 is 7.
                return (try Self.size(Double((Float(input) * Float(scale)).rounded(.down)), of: input, scale), scale)
            }
        }
        guard let sizes else { throw TesseraError(.invalidArgument, "expected 'scales' or 'sizes', found neither") }
        try requireCount("sizes", sizes.count, inputs.count)
        guard sizes.allSatisfy({ $0 >= 0 }) else {
            throw TesseraError(.invalidArgument, "'sizes' expects numbers from 0, found \(sizes)")
        }
        let scales: [Double] = zip(inputs, sizes).map { input, size in
            input > 0 ? Double(size) / Double(input) : size == 0 ? 1 : .infinity
        }
        guard aspect != .stretch, let scale = aspect == .notLarger ? scales.min() : scales.max() else {
            return try inputs.indices.map { (try Self.size(Double(sizes[$0]), of: inputs[$0], scales[$0]), scales[$0]) }
        }
        return try inputs.map { input in
            (try Self.size((scale * Double(input) + 0.5).rounded(.down), of: input, scale), scale)
        }
    }

    /// - Throws: `outOfMemory` for a size that no tensor has.
    private static func size(_ size: Double, of input: Int, _ scale: Double) throws -> Int {
        guard size < 0x1p42 else {
            throw TesseraError(.outOfMemory, "an axis of \(input) elements with a scale of \(scale) is too large")
        }
        return Int(size)
    }

    /// Start and end of the cropped region on each axis.
    private func regions(count: Int) throws -> [(Double, Double)] {
        let whole = [(Double, Double)](repeating: (0, 1), count: count)
        guard coordinates == .cropAndResize else { return whole }
        guard let region else {
            throw TesseraError(.invalidArgument, "tf_crop_and_resize expects a 'region', found none")
        }
        try requireCount("region", region.count, 2 * count)
        guard region.allSatisfy(\.isFinite) else {
            throw TesseraError(.invalidArgument, "'region' expects finite numbers, found \(region)")
        }
        return (0..<count).map { (region[$0], region[count + $0]) }
    }

    private func requireCount(_ key: String, _ found: Int, _ expected: Int) throws {
        guard found == expected else {
            throw TesseraError(.shapeMismatch, "'\(key)' expects \(expected) values, found \(found)")
        }
    }
}
