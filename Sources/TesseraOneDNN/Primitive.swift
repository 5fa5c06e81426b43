import COneDNN
import Foundation
import Synchronization
import TesseraCore

/// A chosen implementation of one operation.
final class PrimitiveDescriptor {
    let handle: dnnl_primitive_desc_t

    /// One at a time in the process: what oneDNN plans for `brgconv` goes through a variable that all threads share
    /// (`brg_blocking_t::last_ic_block_size`; one for each thread from oneDNN 3.1 on). Kernels for bf16 or integers that are planned
    /// while another thread plans some for another type would read the wrong channels.
    private static let creation = Mutex(())

    /// - Parameters:
    ///   - action: what is created, for the error.
    ///   - create: a function of the shim, given the place for the result and the engine.
    init(_ action: String, _ create: (inout dnnl_primitive_desc_t?, dnnl_engine_t) -> dnnl_status_t) throws {
        var handle: dnnl_primitive_desc_t?
        let engine = try Engine.cpu.get().handle
        let status = Self.creation.withLock { _ in create(&handle, engine) }
        try check(status, action, isRefusal: true)
        guard let handle else { throw TesseraError(.backendFailure, "oneDNN gave nothing for \(action)") }
        self.handle = handle
    }

    deinit { dnnl_primitive_desc_destroy(handle) }

    var implementation: String { String(cString: onednn_implementation(handle)) }

    /// Whether its implementation is one of those with such words in their names, which stand between commas.
    func isAny(of words: String) -> Bool { onednn_is_avoided(implementation, words) != 0 }
}

/// An operation that can be run.
final class Primitive {
    let handle: dnnl_primitive_t

    init(_ descriptor: PrimitiveDescriptor) throws {
        var handle: dnnl_primitive_t?
        try check(dnnl_primitive_create(&handle, descriptor.handle), "creating \(descriptor.implementation)")
        guard let handle else { throw TesseraError(.backendFailure, "oneDNN gave no primitive") }
        self.handle = handle
    }

    deinit { dnnl_primitive_destroy(handle) }
}

/// Memory that a primitive reads or writes, at an address that somebody else keeps alive.
final class Memory {
    let handle: dnnl_memory_t

    /// - Parameter address: nil for one that is set later.
    init(_ layout: Layout, at address: UnsafeMutableRawPointer?) throws {
        var handle: dnnl_memory_t?
        try check(dnnl_memory_create(&handle, layout.handle, Engine.cpu.get().handle, address), "creating memory")
        guard let handle else { throw TesseraError(.backendFailure, "oneDNN gave no memory") }
        self.handle = handle
    }

    deinit { dnnl_memory_destroy(handle) }
}

/// The stream that primitives are run on. oneDNN's CPU streams run at once, on the calling thread and its OpenMP team.
final class Stream {
    let handle: dnnl_stream_t

    init() throws {
        var handle: dnnl_stream_t?
        try check(
            dnnl_stream_create(&handle, Engine.cpu.get().handle, UInt32(dnnl_stream_default_flags.rawValue)),
            "creating a stream")
        guard let handle else { throw TesseraError(.backendFailure, "oneDNN gave no stream") }
        self.handle = handle
    }

    deinit { dnnl_stream_destroy(handle) }

    func execute(_ primitive: Primitive, _ arguments: [dnnl_exec_arg_t]) throws {
        try check(
            dnnl_primitive_execute(primitive.handle, handle, Int32(arguments.count), arguments), "running a primitive")
        try check(dnnl_stream_wait(handle), "running a primitive")
    }
}
