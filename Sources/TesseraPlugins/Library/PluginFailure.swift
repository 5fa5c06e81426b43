import CTesseraPlugin
import TesseraCore

/// Errors on their way between a library and its host.
enum PluginFailure {
    /// Bytes of a message that a library can give.
    private static let capacity = 1024

    private static let codes: [Int: TesseraError.Code] = [
        TESSERA_INVALID_ARGUMENT: .invalidArgument, TESSERA_SHAPE_MISMATCH: .shapeMismatch,
        TESSERA_NOT_SUPPORTED: .notSupported, TESSERA_MALFORMED_DATA: .malformedFile,
        TESSERA_INPUT_OUTPUT: .inputOutput, TESSERA_OUT_OF_MEMORY: .outOfMemory, TESSERA_PEER_LOST: .nodeFailure,
        TESSERA_LIMIT_EXCEEDED: .limitExceeded,
    ]

    /// Runs a function of a library.
    ///
    /// - Parameters:
    ///   - path: the module, for the error; nil while there is none.
    ///   - function: what is called, for an error without a message.
    /// - Throws: the error that the function's status and message stand for.
    static func call(
        _ path: String?, _ function: String, _ body: (UnsafeMutablePointer<tessera_error>) throws -> tessera_status
    ) throws {
        try withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { message in
            message[0] = 0
            var error = tessera_error(
                size: UInt32(MemoryLayout<tessera_error>.size), capacity: UInt32(capacity),
                message: message.baseAddress)
            let status = try body(&error)
            guard status != TESSERA_OK else { return }
            message[capacity - 1] = 0
            let text = String(cString: message.baseAddress ?? error.message)
            throw TesseraError(
                codes[Int(status)] ?? .backendFailure,
                text.isEmpty ? "'\(function)' failed with status \(status), and did not say why" : text, path: path)
        }
    }

    /// Gives an error of the host to a library.
    static func report(_ error: any Error, to target: UnsafeMutablePointer<tessera_error>?) -> tessera_status {
        let status = codes.first { $0.value == (error as? TesseraError)?.code }?.key ?? TESSERA_INTERNAL
        if let target, let message = target.pointee.message, target.pointee.capacity > 0 {
            let bytes = Array("\(error)".utf8.prefix(Int(target.pointee.capacity) - 1))
            for (index, byte) in bytes.enumerated() { message[index] = CChar(bitPattern: byte) }
            message[bytes.count] = 0
        }
        return tessera_status(status)
    }

    /// Runs what a library asks of the host.
    static func guarding(
        _ target: UnsafeMutablePointer<tessera_error>?, _ body: () throws -> Void
    ) -> tessera_status {
        do {
            try body()
            return tessera_status(TESSERA_OK)
        } catch {
            return report(error, to: target)
        }
    }
}
