import CLua

/// What a name that is being typed may become.
extension LuaState {
    /// The names that begin with `text`, such as `tessera.te` or `net:r`, as far as globals and what they hold tell.
    func completions(of text: String, in L: OpaquePointer) throws -> [String] {
        let end = text.lastIndex { $0 == "." || $0 == ":" }
        let path = end.map { text[..<$0].split { $0 == "." || $0 == ":" }.map(String.init) } ?? []
        let start = end.map { String(text[...$0]) } ?? ""
        let beginning = text.dropFirst(start.count)
        try reserve(8, on: L)
        let top = lua_gettop(L)
        defer { lua_settop(L, top) }
        clua_push_globals(L)
        for name in path {
            guard lua_type(L, -1) == LUA_TTABLE else { return [] }
            push(name, to: L)
            lua_rawget(L, -2)
        }
        return memberNames(in: L, ofMethods: start.hasSuffix(":"))
            .filter { $0.hasPrefix(beginning) && !$0.hasPrefix("_") }.sorted().map { start + $0 }
    }

    /// The names in the table or object on top.
    private func memberNames(in L: OpaquePointer, ofMethods: Bool) -> [String] {
        switch lua_type(L, -1) {
        case LUA_TTABLE: return entryNames(in: L)
        case LUA_TUSERDATA:
            guard let object = try? readObject(-1, from: L) else { return [] }
            let type = type(of: object).scriptType
            return ofMethods ? type.methodNames : type.properties.map(\.name)
        default: return []
        }
    }
}
