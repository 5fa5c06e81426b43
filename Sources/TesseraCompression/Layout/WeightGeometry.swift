import TesseraCore

/// What the axes of a weight are: [outputs, inputs, rows of the kernel, columns of the kernel], the last one fastest.
public struct WeightGeometry: Sendable, Equatable, Codable {
    /// Matrices that stand one below the other, such as the gates of an LSTM (METHODS.md B5).
    public var matrices: Int
    /// Output channels of each matrix.
    public var outputs: Int
    /// Input channels; of each group, if there are groups.
    public var inputs: Int
    public var kernelHeight: Int
    public var kernelWidth: Int

    public init(matrices: Int = 1, outputs: Int, inputs: Int, kernelHeight: Int = 1, kernelWidth: Int = 1) {
        (self.matrices, self.outputs, self.inputs) = (matrices, outputs, inputs)
        (self.kernelHeight, self.kernelWidth) = (kernelHeight, kernelWidth)
    }

    /// That of a weight's shape. A kernel of one axis has one row; of three, the rows of all its planes follow each other.
    ///
    /// - Parameter matrices: the gates of a recurrent layer; 1 for other layers.
    public init(_ shape: Shape, matrices: Int = 1) {
        let sizes = shape.dimensions
        let rows = sizes.count > 1 ? sizes[0] : 1
        let columns = sizes.count > 1 ? sizes[1] : sizes.first ?? 1
        let isDivisible = matrices > 0 && rows % matrices == 0
        self.init(
            matrices: isDivisible ? matrices : 1, outputs: isDivisible ? rows / matrices : rows, inputs: columns,
            kernelHeight: sizes.count > 3 ? sizes[2..<sizes.count - 1].reduce(1, Shape.saturatingProduct) : 1,
            kernelWidth: sizes.count > 2 ? sizes[sizes.count - 1] : 1)
    }

    /// The same, where each element of the shape may hold several integers, which count each by themselves: rows of them lie in bytes.
    ///
    /// - Parameter integerBits: of each integer; nil for what are no integers.
    init(_ shape: Shape, matrices: Int, integerBits: Int?) {
        self.init(shape, matrices: matrices)
        if let integerBits, integerBits < 8 { inputs = Shape.saturatingProduct(inputs, 8 / integerBits) }
    }

    /// The weights of the layer; the largest integer if there are more than can be counted.
    public var count: Int {
        [matrices, outputs, inputs, kernelHeight, kernelWidth].reduce(1, Shape.saturatingProduct)
    }

    /// The weights of an output channel, or of one of a gate.
    var rowLength: Int { outputs > 0 ? count / (outputs * matrices) : 1 }

    /// The place of a weight among all of them.
    func place(matrix: Int, output: Int, input: Int, row: Int, column: Int) -> Int {
        (((matrix * outputs + output) * inputs + input) * kernelHeight + row) * kernelWidth + column
    }
}
