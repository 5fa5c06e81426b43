import TesseraCore

/// One image for each matrix, inputs times columns of the kernel wide, outputs times rows of the kernel high (METHODS.md B3, B4, B5).
public struct ImageLayout: WeightLayout, Configurable {
    public static let name = "image"
    public static let summary = "one image, kernels beside and below each other; one for each gate of recurrent layers"

    public init() {}

    public static let keys: [Key<ImageLayout>] = []

    /// - Throws: `limitExceeded` if there are more samples than can be counted.
    public func frames(of geometry: WeightGeometry) throws -> FrameLayout {
        let whole = WeightBlock(
            inputs: geometry.inputs, outputs: geometry.outputs, width: geometry.kernelWidth,
            height: geometry.kernelHeight)
        return try FrameLayout(of: geometry, block: whole)
    }
}
