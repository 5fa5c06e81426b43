import TesseraCore

/// The largest element of each window. Padding counts as minus infinity.
public struct MaxPool: Pooling, Equatable {
    public static let name = "max_pool"
    public static let summary = "Maximum over a sliding window"

    public var kernel: PerAxis = 1
    public var stride: PerAxis?
    public var padding: Padding = .explicit([0])
    public var dilation: PerAxis = 1
    public var ceilMode = false

    public init() {}

    public static let shorthandKey: String? = "kernel"
    public static let keys: [Key<MaxPool>] = [
        Key(required: "kernel", \.kernel, "size of the window"),
        Key("stride", \.stride, "step of the window; the kernel size if left out"),
        Key("padding", \.padding, "minus infinities around the input"),
        Key("dilation", \.dilation, "distance between window elements"),
        Key("ceil_mode", \.ceilMode, "whether a last window that is not quite full counts"),
    ]

    public func pool(_ values: [Double], positions: Int) -> Double { values.max() ?? -.infinity }
}
