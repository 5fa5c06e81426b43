import CMemoryGuard
import Foundation
import Synchronization
import TesseraCore

/// Watches what libraries do with the memory that they are given, and which options they read.
///
/// While a check watches, every buffer lies beside a page that must not be touched, and what is only read cannot be written. An access
/// that breaks this is noted, and the library goes on, so that its other faults are found as well.
package enum PluginGuard {
    /// Where a buffer's inaccessible page lies: right after its last byte, or right before its first.
    package enum Side: CaseIterable, Sendable { case after, before }

    /// Addresses for all checks of a process: none is given out twice, so that memory of earlier calls is told from that of later ones.
    private static let byteCount = 1 << 38
    /// Bytes on both sides of a buffer that nobody may touch: whole pages on every machine.
    private static let margin = 1 << 17

    /// Memory that a library is shown.
    ///
    /// `@unchecked Sendable`: addresses and a name, which do not change.
    struct Buffer: @unchecked Sendable {
        let start: UnsafeMutableRawPointer
        fileprivate let byteCount: Int
        fileprivate let name: String
        /// The pages that it lies on.
        fileprivate let pages: UnsafeMutableRawBufferPointer

        /// Those, with the pages around them that nobody may touch.
        fileprivate var surroundings: UnsafeMutableRawBufferPointer {
            let margin = PluginGuard.margin
            return UnsafeMutableRawBufferPointer(
                start: pages.baseAddress.map { $0 - margin }, count: pages.count + 2 * margin)
        }

        /// What is wrong with an access, in words.
        fileprivate func fault(of access: memory_guard_access) -> String {
            let offset = UnsafeRawPointer(access.address) - UnsafeRawPointer(start)
            if (0..<byteCount).contains(offset) { return "it wrote to '\(name)', which is only to be read" }
            let distance = offset < 0 ? -offset : offset - byteCount + 1
            let verb = access.is_write ? "wrote" : "read"
            let bytes = distance == 1 ? "a byte" : "\(distance) bytes"
            return "it \(verb) outside of '\(name)', \(bytes) \(offset < 0 ? "before its start" : "after its end")"
        }
    }

    /// What a watch found, and whether libraries were given any memory.
    package struct Result: Sendable {
        package let findings: [String]
        package let sawMemory: Bool
    }

    private struct State {
        var side = Side.after
        var addresses: UnsafeMutableRawPointer?
        /// Bytes of the addresses that were given out.
        var used = 0
        /// The accesses that were looked at.
        var seen = 0
        /// The buffers that there are.
        var buffers: [UnsafeMutableRawPointer: Buffer] = [:]
        var sawMemory = false
        var findings: [String] = []

        mutating func note(_ finding: String) {
            if !findings.contains(finding) { findings.append(finding) }
        }

        /// Says of new accesses what is wrong with them.
        mutating func noteAccesses() {
            while seen < memory_guard_count() {
                var access = memory_guard_access()
                // One that is being recorded is looked at the next time.
                guard memory_guard_read(seen, &access), let address = access.address else { break }
                seen += 1
                let buffer = buffers.values.first { $0.surroundings.contains(address) }
                note(
                    buffer?.fault(of: access)
                        ?? "it \(access.is_write ? "wrote" : "read") memory of a call that had ended")
            }
        }
    }

    private static let state = Mutex(State())
    private static let isWatching = Atomic(false)

    /// Whether there is a watch.
    static var isOn: Bool { isWatching.load(ordering: .relaxed) }

    /// Watches all libraries of the process until `body` ends. One watch at a time.
    ///
    /// It catches SIGSEGV from then on, so it is for processes that do nothing else.
    ///
    /// - Throws: `outOfMemory` if there are no addresses for it.
    package static func watching(_ side: Side, _ body: () async -> Void) async throws -> Result {
        try state.withLock { state in
            if state.addresses == nil {
                guard let addresses = memory_guard_reserve(byteCount) else {
                    throw TesseraError(.outOfMemory, "\(byteCount) bytes of addresses cannot be had")
                }
                state.addresses = addresses
            }
            (state.side, state.sawMemory, state.findings) = (side, false, [])
        }
        isWatching.store(true, ordering: .sequentiallyConsistent)
        await body()
        isWatching.store(false, ordering: .sequentiallyConsistent)
        return state.withLock { state in
            state.noteAccesses()
            return Result(findings: state.findings, sawMemory: state.sawMemory)
        }
    }

    /// Notes what a library did wrong, once; nothing without a watch.
    static func note(_ finding: @autoclosure () -> String) {
        guard isOn else { return }
        let finding = finding()
        state.withLock { $0.note(finding) }
    }

    /// A buffer of zeros; nil without a watch.
    static func buffer(byteCount: Int, named name: String) -> Buffer? {
        guard isOn else { return nil }
        let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        let count = (max(byteCount, 1) + pageSize - 1) / pageSize * pageSize
        return state.withLock { state in
            guard let addresses = state.addresses, state.used + count + 2 * margin <= Self.byteCount else { return nil }
            let first = addresses + state.used + margin
            guard memory_guard_open(first, count) else { return nil }
            state.used += count + 2 * margin
            state.sawMemory = true
            let buffer = Buffer(
                start: state.side == .after ? first + count - byteCount : first, byteCount: byteCount, name: name,
                pages: UnsafeMutableRawBufferPointer(start: first, count: count))
            state.buffers[buffer.start] = buffer
            return buffer
        }
    }

    /// From here on a buffer may only be read.
    static func protect(_ buffer: Buffer) { memory_guard_protect(buffer.pages.baseAddress, buffer.pages.count) }

    /// Takes a buffer back.
    static func release(_ buffer: Buffer) {
        state.withLock { state in
            state.noteAccesses()
            state.buffers[buffer.start] = nil
            memory_guard_close(buffer.surroundings.baseAddress, buffer.surroundings.count)
        }
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate func contains(_ address: UnsafeRawPointer) -> Bool {
        guard let start = baseAddress else { return false }
        return (0..<count).contains(address - UnsafeRawPointer(start))
    }
}
