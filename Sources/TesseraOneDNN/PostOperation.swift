import COneDNN
import TesseraCore

/// What a kernel does with a result before it stores it.
enum PostOperation {
    /// Adds what its destination holds.
    case sum
    case function(ElementFunction)
    /// Adds an operand with the axes of the result.
    case add(Layout)

    var readsOperand: Bool {
        switch self {
        case .add: true
        case .sum, .function: false
        }
    }

    fileprivate var shim: onednn_post_operation {
        switch self {
        case .sum:
            onednn_post_operation(kind: onednn_sum, function: dnnl_alg_kind_undef, alpha: 0, beta: 0, operand: nil)
        case .function(let function):
            onednn_post_operation(
                kind: onednn_function, function: function.kind, alpha: function.alpha, beta: function.beta,
                operand: nil)
        case .add(let layout):
            onednn_post_operation(
                kind: onednn_sum_with, function: dnnl_alg_kind_undef, alpha: 0, beta: 0, operand: layout.handle)
        }
    }
}

/// The attributes of a primitive: what it does besides its operation.
final class Attributes {
    let handle: dnnl_primitive_attr_t

    init(_ operations: [PostOperation]) throws {
        var handle: dnnl_primitive_attr_t?
        let list = operations.map(\.shim)
        try check(onednn_attributes_create(&handle, list, Int32(list.count)), "describing what follows a layer")
        guard let handle else { throw TesseraError(.backendFailure, "oneDNN gave no attributes") }
        self.handle = handle
    }

    deinit { dnnl_primitive_attr_destroy(handle) }
}
