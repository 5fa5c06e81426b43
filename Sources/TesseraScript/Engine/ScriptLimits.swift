import TesseraCore

/// What is left of a script's limits at a call: for bindings that wait, or need much memory.
public struct ScriptLimits: Sendable {
    /// Seconds until the script's time is over; nil if it has no end.
    public var seconds: Double?
    /// Bytes the script may still take; nil if there is no limit.
    public var bytes: Int?
    /// The state that may have garbage to collect.
    private let state: LuaState?

    public init(seconds: Double? = nil, bytes: Int? = nil) { self.init(seconds: seconds, bytes: bytes, state: nil) }

    init(seconds: Double?, bytes: Int?, state: LuaState?) {
        self.seconds = seconds
        self.bytes = bytes
        self.state = state
    }

    /// Throws `limitExceeded` if so much memory would be more than the script may take, garbage not counted.
    public func check(bytes needed: Int, for what: String) throws {
        guard var bytes, needed > bytes else { return }
        if let left = state?.memoryLeftAfterCollection() { bytes = left }
        guard needed > bytes else { return }
        throw TesseraError(
            .limitExceeded,
            "\(what) takes \(ByteCount(needed)), of which the script's limit leaves \(ByteCount(max(0, bytes)))")
    }
}
