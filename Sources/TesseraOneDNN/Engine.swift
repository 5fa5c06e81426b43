import COneDNN
import TesseraCore

/// The process's oneDNN engine: the CPU.
///
/// `@unchecked Sendable`: oneDNN's engines may be used from any thread, and this one is never destroyed.
struct Engine: @unchecked Sendable {
    let handle: dnnl_engine_t

    static let cpu = Result { () throws -> Engine in
        var handle: dnnl_engine_t?
        try check(dnnl_engine_create(&handle, dnnl_cpu, 0), "creating the CPU engine")
        guard let handle else { throw TesseraError(.backendFailure, "oneDNN gave no CPU engine") }
        return Engine(handle: handle)
    }

    static var version: String {
        let version = dnnl_version().pointee
        return "\(version.major).\(version.minor).\(version.patch)"
    }

    static let hasAVX2 = hasAVX512 || instructionSet.hasPrefix("avx2")
    static let hasAVX512 = instructionSet.hasPrefix("avx512_core")
    /// Whether products of bytes are added up in 32 bits here. Elsewhere two products of neighbouring channels are added up in 16,
    /// which their sum may exceed.
    static let hasVNNI =
        instructionSet.contains("vnni") || instructionSet.contains("bf16") || instructionSet.contains("amx")
    /// Whether its kernels compute in bfloat16 here.
    static let hasBF16 = hasAVX512

    /// oneDNN's name of the instruction set it uses here.
    static var instructionSet: String {
        let names: [(UInt32, String)] = [
            (dnnl_cpu_isa_avx512_core_amx.rawValue, "avx512_core_amx"),
            (dnnl_cpu_isa_avx512_core_bf16.rawValue, "avx512_core_bf16"),
            (dnnl_cpu_isa_avx512_core_vnni.rawValue, "avx512_core_vnni"),
            (dnnl_cpu_isa_avx512_core.rawValue, "avx512_core"), (dnnl_cpu_isa_avx2_vnni.rawValue, "avx2_vnni"),
            (dnnl_cpu_isa_avx2.rawValue, "avx2"), (dnnl_cpu_isa_avx.rawValue, "avx"),
            (dnnl_cpu_isa_sse41.rawValue, "sse41"),
        ]
        let effective = dnnl_get_effective_cpu_isa().rawValue
        return names.first { $0.0 == effective }?.1 ?? "isa-\(effective)"
    }
}

/// Throws what a oneDNN status says: `notSupported` if there is no implementation, else `backendFailure`.
///
/// - Parameter isRefusal: whether arguments that oneDNN calls invalid are ones that it cannot do, such as strides beyond 32 bits.
func check(_ status: dnnl_status_t, _ action: @autoclosure () -> String, isRefusal: Bool = false) throws {
    switch status {
    case dnnl_success: return
    case dnnl_invalid_arguments where isRefusal:
        throw TesseraError(.notSupported, "oneDNN has no implementation for \(action())")
    case dnnl_unimplemented: throw TesseraError(.notSupported, "oneDNN has no implementation for \(action())")
    case dnnl_out_of_memory: throw TesseraError(.outOfMemory, "oneDNN ran out of memory when \(action())")
    default: throw TesseraError(.backendFailure, "oneDNN failed (status \(status.rawValue)) when \(action())")
    }
}
