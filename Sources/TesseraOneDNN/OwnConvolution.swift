import CKernels
import COneDNN
import TesseraCore
import TesseraOperators
import TesseraRuntime

/// A convolution by a kernel of our own.
protocol OwnConvolution: OwnKernel {
    /// What choices of kernels and profiles call its forms.
    static var implementations: [String] { get }

    /// - Parameters:
    ///   - source: the shape of the input.
    ///   - target: that of the output.
    ///   - type: of the elements that it reads and writes.
    ///   - precision: to which they are rounded.
    ///   - demanded: the kernel to take, if that is decided already.
    /// - Returns: nil for what it does not compute, or is not to.
    init?(
        _ op: Conv, _ window: SlidingWindow, source: [Int], target: [Int], type: dnnl_data_type_t,
        precision: Precision, demanded: KernelChoice?) throws
}

enum OwnConvolutions {
    /// All kinds.
    static var all: [any OwnConvolution.Type] { [MinimalFilter.self, Depthwise.self] }

    /// The kernel of a layer, as in `OwnConvolution.init`.
    static func kernel(
        for op: Conv, _ window: SlidingWindow, source: [Int], target: [Int], type: dnnl_data_type_t,
        precision: Precision, demanded: KernelChoice?
    ) throws -> (any OwnConvolution)? {
        for kind in all {
            let kernel = try kind.init(
                op, window, source: source, target: target, type: type, precision: precision, demanded: demanded)
            if let kernel { return kernel }
        }
        return nil
    }
}
