import COneDNN
import TesseraCore

/// What a kernel does with a result before it stores it.
enum PostOperation: Equatable {
    /// Adds what its destination holds, times a factor, read as elements of a type of the same size.
    case sum(scale: Float = 1, type: dnnl_data_type_t = dnnl_data_type_undef)
    /// A function, whose result is multiplied by a factor.
    case function(ElementFunction, scale: Float = 1)
    /// Adds an operand with the axes of the result.
    case add(Layout)

    var readsOperand: Bool {
        switch self {
        case .add: true
        case .sum, .function: false
        }
    }

    fileprivate var shim: onednn_post_operation {
        var operation = onednn_post_operation()
        (operation.function, operation.scale, operation.type) = (dnnl_alg_kind_undef, 1, dnnl_data_type_undef)
        switch self {
        case .sum(let scale, let type): (operation.kind, operation.scale, operation.type) = (onednn_sum, scale, type)
        case .function(let function, let scale):
            (operation.kind, operation.function, operation.scale) = (onednn_function, function.kind, scale)
            (operation.alpha, operation.beta) = (function.alpha, function.beta)
        case .add(let layout): (operation.kind, operation.operand) = (onednn_sum_with, UnsafePointer(layout.handle))
        }
        return operation
    }
}

/// The attributes of a primitive: what it does besides its operation.
final class Attributes {
    let handle: dnnl_primitive_attr_t

    /// - Parameters:
    ///   - integers: how a primitive on integers scales and shifts; nil for one on numbers.
    ///   - factors: those of the two operands of a combination.
    init(
        _ operations: [PostOperation], integers: IntegerScaling? = nil, factors: (first: Float, second: Float)? = nil
    ) throws {
        var handle: dnnl_primitive_attr_t?
        let list = operations.map(\.shim)
        try check(onednn_attributes_create(&handle, list, Int32(list.count)), "describing what follows a layer")
        guard let handle else { throw TesseraError(.backendFailure, "oneDNN gave no attributes") }
        self.handle = handle
        if let integers {
            try integers.scales.withUnsafeBufferPointer { scales in
                let scaling = onednn_integers(
                    scales: scales.baseAddress, count: Int64(scales.count),
                    source_zero_point: Int32(integers.sourceZeroPoint),
                    destination_zero_point: Int32(integers.targetZeroPoint))
                try check(onednn_attributes_set_integers(handle, scaling), "describing scales", isRefusal: true)
            }
        }
        if let factors {
            let status = onednn_attributes_set_factors(handle, factors.first, factors.second)
            try check(status, "describing factors", isRefusal: true)
        }
    }

    deinit { dnnl_primitive_attr_destroy(handle) }
}

/// How a primitive on integers scales and shifts: target = (Σ weight · (source - zero point) + bias) · scale + zero point.
struct IntegerScaling {
    /// One for each output channel.
    var scales: [Float]
    var sourceZeroPoint = 0
    var targetZeroPoint = 0
}
