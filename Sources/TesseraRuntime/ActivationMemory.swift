import Foundation
import TesseraCore

/// Memory for the values between layers that compiled networks share which never run at the same time, such as the tiles of one
/// node: it is as large as that of the largest of them, not as all together.
///
/// `@unchecked Sendable`: all is done under `lock`.
public final class ActivationMemory: @unchecked Sendable {
    private let lock = NSLock()
    private var byteCount = 0
    private var block: UnsafeMutableRawPointer?
    private var companions: [ObjectIdentifier: any AnyObject & Sendable] = [:]

    private static let hugePage = 1 << 21

    public init() {}

    deinit { free(block) }

    /// What a backend keeps for all networks that share this memory, one object of each type, which `make` makes when there is none.
    public func companion<Value: AnyObject & Sendable>(_ make: () -> Value) -> Value {
        lock.lock()
        defer { lock.unlock() }
        if let known = companions[ObjectIdentifier(Value.self)] as? Value { return known }
        let new = make()
        companions[ObjectIdentifier(Value.self)] = new
        return new
    }

    /// Has at least so many bytes from the next run on.
    ///
    /// - Throws: `outOfMemory` for more than any computer has.
    public func reserve(byteCount: Int) throws {
        guard byteCount < Tensor.byteCountLimit else {
            throw TesseraError(.outOfMemory, "\(byteCount) bytes for activations do not fit in memory")
        }
        lock.lock()
        defer { lock.unlock() }
        guard byteCount > self.byteCount else { return }
        self.byteCount = byteCount
        free(block)
        block = nil
    }

    /// Gives the address of the memory, aligned for kernels, to nobody else meanwhile. It is another one after more was reserved.
    ///
    /// - Throws: `outOfMemory`, and what `body` throws.
    public func withMemory(_ body: (UnsafeMutableRawPointer) throws -> Void) throws {
        lock.lock()
        defer { lock.unlock() }
        if block == nil {
            let isLarge = byteCount >= Self.hugePage
            guard posix_memalign(&block, isLarge ? Self.hugePage : Tensor.alignment, max(byteCount, 1)) == 0 else {
                throw TesseraError(.outOfMemory, "\(byteCount) bytes for activations do not fit in memory")
            }
            #if os(Linux)
                // With pages of 4 KiB every page would cost a look-up.
                if isLarge { madvise(block, byteCount, MADV_HUGEPAGE) }
            #endif
        }
        if let block { try body(block) }
    }
}
