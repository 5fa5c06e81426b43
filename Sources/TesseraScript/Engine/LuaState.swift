import CLua
import Foundation
import Synchronization
import TesseraCore

/// The thin layer that owns the C state. Nothing outside the files named `LuaState…` touches a pointer.
///
/// `L` is the running coroutine throughout, as in Lua's own documentation. Every function here that takes it runs with
/// the allocator sheltered (see CLua.h) and calls only functions of Lua that raise nothing else than a lack of memory.
///
/// `@unchecked Sendable`: `enter` admits one thread at a time, and everything that touches the state is inside it.
final class LuaState: @unchecked Sendable {
    typealias Body = (_ state: LuaState, _ L: OpaquePointer) throws -> Int32

    let releases = ReleaseQueue()
    private let host: UnsafeMutablePointer<clua_host>
    private var bodies: [Body] = []
    private var isClosed = false
    private let user = Mutex<(thread: pthread_t, depth: Int)?>(nil)
    let options: ScriptEngine.Options
    private let interruption: Interruption

    /// The metatables of the classes met so far, as references.
    var classes: [ObjectIdentifier: Int32] = [:]
    /// What chunks are called in messages, where long paths are shortened, and what they are.
    var chunkNames: [String: String] = [:]
    /// The error that a binding threw last, with the text that Lua got for it.
    var raised: (text: String, error: any Error)?
    /// The failure of a Lua function that Swift called last, for passing it on: with the text that Lua had for it, and a reference to
    /// the error's value if that is no text.
    private(set) var nested: (error: TesseraError, text: String, value: Int32?)?

    /// A state with its libraries and limits.
    ///
    /// - Throws: `outOfMemory`.
    init(_ options: ScriptEngine.Options) throws {
        guard let host = clua_open() else { throw TesseraError(.outOfMemory, "no memory for a Lua state") }
        self.host = host
        self.options = options
        interruption = options.clock.interruption
        host.pointee.owner = Unmanaged.passUnretained(self).toOpaque()
        host.pointee.invoke = { owner, L, index in
            guard let owner, let L else { return 0 }
            return Unmanaged<LuaState>.fromOpaque(owner).takeUnretainedValue().invoke(Int(index), L)
        }
        host.pointee.release = { object in
            guard let object else { return }
            Unmanaged<AnyObject>.fromOpaque(object).release()
        }
        host.pointee.is_interrupted = { owner in
            guard let owner else { return false }
            return Unmanaged<LuaState>.fromOpaque(owner).takeUnretainedValue().interruption.isRequested
        }
        if options.print != nil {
            host.pointee.print = { owner, text, length in
                guard let owner, let text else { return }
                let bytes = UnsafeBufferPointer(start: text, count: length).map(UInt8.init(bitPattern:))
                let state = Unmanaged<LuaState>.fromOpaque(owner).takeUnretainedValue()
                state.options.print?(String(decoding: bytes, as: UTF8.self))
            }
        }
        guard clua_open_libraries(host, options.isTrusted) == LUA_OK,
            clua_make_strict(host, addBody(Self.missingGlobal)) == LUA_OK
        else {
            throw TesseraError(.scriptFailure, "the Lua libraries could not be opened")
        }
        host.pointee.timeout = max(0, options.timeout ?? 0)
        host.pointee.instruction_limit = UInt64(max(0, options.instructionLimit ?? 0))
        host.pointee.memory_limit = Shape.saturatingProduct(max(0, options.memoryLimit ?? 0), 1 << 20)
    }

    deinit { close() }

    /// Frees the Lua state with everything in it; functions of it that Swift holds can no longer be called.
    func close() {
        // If a thread is inside, it holds a reference to this object, whose deinit closes it later.
        let isFree = user.withLock { user in
            defer { isClosed = isClosed || user == nil }
            return user == nil && !isClosed
        }
        guard isFree else { return }
        bodies = []
        clua_close(host)
    }

    var exceeded: clua_exceeded { host.pointee.exceeded }
    var exceededMessage: String {
        withUnsafeBytes(of: host.pointee.exceeded_message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    /// `file:line` at which the hook last saw the script.
    var lastSeen: String? {
        guard host.pointee.last_line > 0 else { return nil }
        let source = withUnsafeBytes(of: host.pointee.last_source) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        return "\(source):\(host.pointee.last_line)"
    }
    var memoryLimit: Int { host.pointee.memory_limit >> 20 }
    /// What is left of the limits.
    var limits: ScriptLimits {
        let seconds = clua_seconds_left(host)
        return ScriptLimits(
            seconds: seconds.isFinite ? seconds : nil, bytes: host.pointee.memory_limit > 0 ? memoryLeft : nil,
            state: self)
    }
    /// Bytes that are left of the limit.
    var memoryLeft: Int {
        let limit = host.pointee.memory_limit
        return limit == 0 ? Int.max : limit - host.pointee.used - host.pointee.external
    }
    /// Bytes that are left of the limit once what is garbage is collected; nil on a thread that is not inside.
    ///
    /// Objects that are collected are released on the way; those that a binding works with it holds itself.
    func memoryLeftAfterCollection() -> Int? {
        let isInside = user.withLock { user in user.map { pthread_equal($0.thread, pthread_self()) != 0 } ?? false }
        guard isInside, let L = host.pointee.current else { return nil }
        clua_collect(L)
        return memoryLeft
    }
    /// Bytes that Lua holds.
    var memoryUsed: Int { host.pointee.used }
    /// Where the last error was raised, if Lua knows.
    var errorSource: (chunk: String, line: Int)? {
        guard host.pointee.error_line > 0 else { return nil }
        let chunk = withUnsafeBytes(of: host.pointee.error_source) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        return (chunk, Int(host.pointee.error_line))
    }

    /// Runs `body` as the one thread in the state. From inside a binding it may be called again, on the same thread.
    ///
    /// - Throws: `notSupported` if another thread is inside, and what `body` throws.
    func enter<Result>(_ body: (_ L: OpaquePointer) throws -> Result) throws -> Result {
        let thread = pthread_self()
        let isOutermost = try user.withLock { user in
            guard !isClosed else { throw TesseraError(.scriptFailure, "the script has ended") }
            guard let current = user else {
                user = (thread, 1)
                return true
            }
            guard pthread_equal(current.thread, thread) != 0 else {
                throw TesseraError(.notSupported, "a script's function was called while another thread runs the script")
            }
            user = (thread, current.depth + 1)
            return false
        }
        defer {
            if isOutermost { options.clock.stop() }
            user.withLock { user in user = user.flatMap { $0.depth > 1 ? ($0.thread, $0.depth - 1) : nil } }
        }
        guard let L = host.pointee.current else { throw TesseraError(.scriptFailure, "no Lua state") }
        var end: ContinuousClock.Instant?
        if isOutermost {
            raised = nil
            keepNested(nil, in: L)
            end = beginRun()
        }
        giveBackReferences(L)
        let top = lua_gettop(L)
        defer { lua_settop(L, top) }
        return try Deadline.hold(until: end, or: isOutermost ? interruption : nil) { try body(L) }
    }

    /// Starts the clock: what works for another script has no more time than that has left.
    ///
    /// - Returns: when the run must be over.
    private func beginRun() -> ContinuousClock.Instant? {
        if options.caller == nil { interruption.withdraw() }
        let seconds = [options.timeout, options.caller?.secondsLeft].compactMap(\.self).min()
        clua_begin(host, seconds ?? .infinity)
        return options.clock.start(seconds)
    }

    /// Adds a function that `clua_push_binding` can push; the result is its number.
    func addBody(_ body: @escaping Body) -> lua_Integer {
        bodies.append(body)
        return lua_Integer(bodies.count - 1)
    }

    /// Keeps the last failure for passing it on, in place of the one before.
    func keepNested(_ failure: (error: TesseraError, text: String, value: Int32?)?, in L: OpaquePointer) {
        if let value = nested?.value { luaL_unref(L, clua_registry_index(), value) }
        nested = failure
    }

    private func giveBackReferences(_ L: OpaquePointer) {
        for reference in releases.takeAll() { luaL_unref(L, clua_registry_index(), reference) }
    }

    /// Runs a binding: the count of results on the stack, or -1 with the message on top.
    private func invoke(_ index: Int, _ L: OpaquePointer) -> Int32 {
        giveBackReferences(L)
        do {
            guard bodies.indices.contains(index) else { throw TesseraError(.scriptFailure, "unknown binding") }
            return try bodies[index](self, L)
        } catch {
            pushMessage(of: error, to: L)
            return -1
        }
    }
}
