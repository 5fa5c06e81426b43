import TesseraCore

/// The largest element of each window. Padding counts as minus infinity.
///
/// With `indices`, a second output says where each largest element lies: its offset in the whole input, batch and channels
/// included, in row-major order, or with `column_major` in the order in which the first spatial axis runs fastest. Of equal
/// elements it is the first (ONNX's MaxPool).
public struct MaxPool: Pooling, Equatable {
    public static let name = "max_pool"
    public static let summary = "Maximum over a sliding window"
    public static let shapes =
        "[batch, channels, 1 to 3 spatial axes] → [batch, channels, spatial axes]; with 'indices', LAYER.indices of the same shape"

    public var kernel: PerAxis = 1
    public var stride: PerAxis?
    public var padding: Padding = .explicit([0])
    public var dilation: PerAxis = 1
    public var ceilMode = false
    public var indices = false
    public var columnMajor = false

    public init() {}

    public static let shorthandKey: String? = "kernel"
    public static let keys: [Key<MaxPool>] = [
        Key(required: "kernel", \.kernel, "size of the window"),
        Key("stride", \.stride, "step of the window; the kernel size if left out"),
        Key("padding", \.padding, "minus infinities around the input"),
        Key("dilation", \.dilation, "distance between window elements"),
        Key("ceil_mode", \.ceilMode, "whether a last window that is not quite full counts"),
        Key("indices", \.indices, "whether a second output says where the largest elements lie"),
        Key("column_major", \.columnMajor, "whether these positions count along the first spatial axis first"),
    ]

    public var outputNames: [String] { indices ? ["output", "indices"] : ["output"] }
    /// A part does not know where it lies in the whole, so there are no positions to give.
    public var isSpatiallyLocal: Bool { !indices }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        [try commonType(of: inputs) { Self.accepts($0) }] + (indices ? [.i64] : [])
    }

    /// Types whose elements are exact in binary64.
    static func accepts(_ type: ElementType) -> Bool {
        type.isFloatingPoint || (type.isInteger && type != .i64 && type != .u64)
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let shape = try pooledShape(of: inputs[0])
        return outputNames.map { _ in shape }
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        guard output == 0 else {
            throw TesseraError(.notSupported, "the indices of 'max_pool' cannot be computed in parts")
        }
        var op = self
        op.indices = false
        return try op.part(region, of: inputs[0])
    }

    public func pool(_ values: [Double], positions: Int) -> Double { Self.largest(values[...]) }

    /// The largest of some numbers; not a number if one of them is not.
    static func largest(_ values: ArraySlice<Double>) -> Double {
        values.reduce(-.infinity) { $1 > $0 || $1.isNaN ? $1 : $0 }
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let outputs = try pooled(inputs[0])
        return indices ? [outputs, try positions(in: inputs[0])] : [outputs]
    }

    private func positions(in input: Tensor) throws -> Tensor {
        let window = try window(over: input.shape)
        let sizes = Array(input.shape.spatial)
        let pixels = sizes.reduce(1, *)
        let x = input.reals()
        var result: [Int64] = []
        let shape = try pooledShape(of: input.shape)
        shape.forEachIndex { index in
            let offset = (index[0] * input.shape[1] + index[1]) * pixels
            var (best, largest) = (-1, -Double.infinity)
            window.forEachElement(at: Array(index.dropFirst(2)), sizes: sizes) { _, pixel in
                if best < 0 || x[offset + pixel] > largest { (best, largest) = (pixel, x[offset + pixel]) }
            }
            result.append(Int64(offset + (columnMajor ? Self.columnMajorOffset(best, sizes) : best)))
        }
        return try Tensor(integers: result, shape: shape)
    }

    /// The offset of a pixel if the first axis runs fastest.
    private static func columnMajorOffset(_ offset: Int, _ sizes: [Int]) -> Int {
        var rest = offset
        var index: [Int] = []
        for size in sizes.reversed() {
            index.insert(rest % size, at: 0)
            rest /= size
        }
        return zip(index, sizes).reversed().reduce(0) { $0 * $1.1 + $1.0 }
    }
}
