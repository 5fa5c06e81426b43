import TesseraCore

/// The mean of each window. Padding counts as zeros, or not at all with `count_include_pad: false`; what a last window touches
/// beyond the padding, with `ceil_mode`, never counts.
public struct AveragePool: Pooling, Equatable {
    public static let name = "average_pool"
    public static let summary = "Mean over a sliding window"

    public var kernel: PerAxis = 1
    public var stride: PerAxis?
    public var padding: Padding = .explicit([0])
    public var dilation: PerAxis = 1
    public var ceilMode = false
    public var countIncludePad = true

    public init() {}

    public static let shorthandKey: String? = "kernel"
    public static let keys: [Key<AveragePool>] = [
        Key(required: "kernel", \.kernel, "size of the window"),
        Key("stride", \.stride, "step of the window; the kernel size if left out"),
        Key("padding", \.padding, "zeros around the input"),
        Key("dilation", \.dilation, "distance between window elements"),
        Key("ceil_mode", \.ceilMode, "whether a last window that is not quite full counts"),
        Key("count_include_pad", \.countIncludePad, "whether padding counts in the divisor, as in PyTorch"),
    ]

    public func pool(_ values: [Double], positions: Int) -> Double {
        values.reduce(0, +) / Double(countIncludePad ? positions : max(1, values.count))
    }
}
