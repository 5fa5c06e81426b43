import CLua
import TesseraCore

/// Compiling and calling, and what becomes of errors on the way between the languages.
extension LuaState {
    /// Compiles text and pushes the function.
    ///
    /// - Parameter name: a path, or `=` and what messages should call the chunk.
    /// - Throws: `scriptFailure` with the place of the syntax error, `limitExceeded`.
    func load(_ text: [UInt8], name: String, into L: OpaquePointer) throws {
        let isPath = !name.hasPrefix("=")
        chunkNames[Self.shortened(name, isPath: isPath)] = isPath ? name : String(name.dropFirst())
        let status = text.withUnsafeBytes { bytes in
            clua_load(L, bytes.bindMemory(to: CChar.self).baseAddress, bytes.count, isPath ? "@" + name : name)
        }
        guard status == LUA_OK else { throw failure(status, in: L, traceback: []) }
    }

    /// Calls the function on top with `arguments`.
    func call(_ L: OpaquePointer, _ arguments: [ScriptValue]) throws -> [ScriptValue] {
        let base = lua_gettop(L) - 1
        for argument in arguments { try push(argument, to: L) }
        try callPushed(L, arguments: arguments.count)
        defer { lua_settop(L, base) }
        return try (base..<lua_gettop(L)).map { try read($0 + 1, from: L) }
    }

    /// Calls the function below `arguments` values and leaves the results in their place.
    func callPushed(_ L: OpaquePointer, arguments: Int) throws {
        try reserve(4, on: L)
        let status = clua_call(L, Int32(clamping: arguments))
        guard status == LUA_OK else { throw failure(status, in: L, traceback: readTraceback(L)) }
    }

    /// Pushes what Lua gets for an error that a binding threw.
    func pushMessage(of error: any Error, to L: OpaquePointer) {
        if let error = error as? TesseraError, let nested, error.isSame(as: nested.error) {
            // A Lua function that Swift called failed: another value than a text is handed on.
            if let value = nested.value {
                lua_rawgeti(L, clua_registry_index(), lua_Integer(value))
                return
            }
            // The text says already where, but not what Swift called it for.
            var text = nested.text
            if let path = error.path, nested.error.path == nil, text.hasSuffix(error.message) {
                text = "\(text.dropLast(error.message.count))\(path): \(error.message)"
                keepNested((error, text, nil), in: L)
            }
            push(text, to: L)
            return
        }
        clua_push_place(L)
        let position = String(decoding: readBytes(-1, from: L), as: UTF8.self)
        clua_pop(L, 1)
        let text = "\(error)"
        raised = (text, error)
        push(position + text, to: L)
    }

    // MARK: Failures

    /// The error for a failed call, whose message or other value is on top and is popped.
    private func failure(_ status: Int32, in L: OpaquePointer, traceback: [String]) -> TesseraError {
        let (text, code) = reason(status, in: L)
        let origin = nested.flatMap { isOnTop($0.value, in: L) ? $0.error.location : nil }
        let error = error(text, code: code, traceback: traceback, origin: origin)
        var value: Int32?
        if code == .limitExceeded || lua_type(L, -1) == LUA_TSTRING {
            clua_pop(L, 1)
        } else {
            value = luaL_ref(L, clua_registry_index())
        }
        keepNested((error, text, value), in: L)
        return error
    }

    /// True if the object on top is that of a reference; numbers and the like are not told apart.
    private func isOnTop(_ reference: Int32?, in L: OpaquePointer) -> Bool {
        guard let reference, (try? reserve(1, on: L)) != nil else { return false }
        lua_rawgeti(L, clua_registry_index(), lua_Integer(reference))
        defer { clua_pop(L, 1) }
        return lua_topointer(L, -1).map { $0 == lua_topointer(L, -2) } ?? false
    }

    /// What failed, from the error value on top.
    private func reason(_ status: Int32, in L: OpaquePointer) -> (text: String, code: TesseraError.Code) {
        if exceeded != clua_exceeded_none { return (exceededMessage, .limitExceeded) }
        let text = messageText(L)
        if status == LUA_ERRMEM || text == "not enough memory" {
            // Lua does not say where memory ran out; it is some instructions after the last look.
            let place = lastSeen.map { " (last seen at \($0))" } ?? ""
            return ("the script needs more than its limit of \(memoryLimit) MiB of memory" + place, .limitExceeded)
        }
        return (text, .scriptFailure)
    }

    /// - Parameter origin: where a value was raised that is handed on; nil for what is raised now.
    private func error(
        _ text: String, code: TesseraError.Code, traceback: [String], origin: SourceLocation?
    ) -> TesseraError {
        var traceback = traceback
        var code = code
        if let nested, !nested.text.isEmpty, text.hasSuffix(nested.text) {
            code = nested.error.code
            // Another failure with the same text has other calls around it.
            let frames = nested.error.traceback
            if frames.count >= traceback.count, frames.suffix(traceback.count).elementsEqual(traceback) {
                traceback = frames
            }
        }
        let (place, message) = locate(text)
        let cause = raised.flatMap { text.contains($0.text) ? $0.error : nil }
        // One line of Lua is what the location says already.
        let lineCount = traceback.count { !$0.hasPrefix("[C]:") }
        var error = TesseraError(code, message, location: origin ?? place, cause: cause)
        if lineCount > 1 { error.traceback = traceback }
        return error
    }

    /// The text of the error value on top, whatever it is.
    private func messageText(_ L: OpaquePointer) -> String {
        if let text = errorText(L) { return text }
        switch lua_type(L, -1) {
        case LUA_TSTRING: return String(decoding: readBytes(-1, from: L), as: UTF8.self)
        case LUA_TNIL: return "an error without a message (nil)"
        case LUA_TTABLE:
            guard case .table(let table)? = try? read(-1, from: L) else { break }
            if case .string(let message) = table["message"] { return message }
            return "error value \(table)"
        default: break
        }
        guard let value = try? read(-1, from: L) else {
            return "an error value of type \(String(cString: lua_typename(L, lua_type(L, -1))))"
        }
        return "error value \(value)"
    }

    /// What `__tostring` said of the error.
    private func errorText(_ L: OpaquePointer) -> String? {
        clua_push_error_text(L)
        defer { clua_pop(L, 1) }
        return lua_type(L, -1) == LUA_TSTRING ? String(decoding: readBytes(-1, from: L), as: UTF8.self) : nil
    }

    /// Splits `file:line: message`. A text without a known chunk in front gets the place where it was raised.
    private func locate(_ text: String) -> (SourceLocation?, String) {
        for (short, full) in chunkNames where text.hasPrefix(short + ":") {
            let rest = text.dropFirst(short.count + 1)
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let line = Int(digits), rest.dropFirst(digits.count).hasPrefix(": ") else { continue }
            let message = rest.dropFirst(digits.count + 2)
            return (SourceLocation(file: full, line: line), String(message))
        }
        guard let source = errorSource else { return (nil, text) }
        let name = String(source.chunk.dropFirst())
        // What a script loads itself may have any name, also that of a file it is not in.
        let isKnown = source.chunk.first.map { "@=".contains($0) } ?? false && chunkNames.values.contains(name)
        let file = isKnown ? name : "[string \"\(source.chunk.prefix(40))\"]"
        return (SourceLocation(file: file, line: source.line), text)
    }

    /// The frames of the last error, innermost first, without those of C that only say so.
    private func readTraceback(_ L: OpaquePointer) -> [String] {
        clua_push_traceback(L)
        defer { clua_pop(L, 1) }
        return String(decoding: readBytes(-1, from: L), as: UTF8.self)
            .split(separator: "\n").dropFirst().map { String($0.drop { $0 == "\t" }) }.filter { $0 != "[C]: in ?" }
    }

    /// What messages call a chunk: Lua keeps the last 56 bytes of a path of 60 or more.
    private static func shortened(_ name: String, isPath: Bool) -> String {
        let limit = 60
        guard isPath else { return String(decoding: name.utf8.dropFirst().prefix(limit - 1), as: UTF8.self) }
        guard name.utf8.count >= limit else { return name }
        return "..." + String(decoding: name.utf8.suffix(limit - 4), as: UTF8.self)
    }
}

extension TesseraError {
    fileprivate func isSame(as other: TesseraError) -> Bool {
        code == other.code && message == other.message && location == other.location
    }
}
