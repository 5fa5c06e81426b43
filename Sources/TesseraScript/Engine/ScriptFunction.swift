import TesseraCore

/// A Lua function that Swift holds. Lua forgets it when the last reference here is gone.
///
/// `@unchecked Sendable`: calling enters the state, which refuses a second thread while one is inside; the deinit, which
/// may run anywhere, only adds the reference to a locked list.
public final class ScriptFunction: @unchecked Sendable {
    private let state: LuaState
    let reference: Int32

    init(state: LuaState, reference: Int32) {
        self.state = state
        self.reference = reference
    }

    deinit { state.releases.add(reference) }

    /// Calls the function.
    ///
    /// - Throws: `scriptFailure` or `limitExceeded` if it fails, `notSupported` if its script is running on another thread
    ///   or has ended.
    @discardableResult
    public func call(_ arguments: [ScriptValue] = []) throws -> [ScriptValue] {
        try state.enter { L in
            try state.push(.function(self), to: L)
            return try state.call(L, arguments)
        }
    }

    func belongs(to other: LuaState) -> Bool { state === other }
}
