import CLua
import TesseraCore

/// Global variables and libraries.
extension LuaState {
    func setGlobal(_ name: String, to value: ScriptValue, in L: OpaquePointer) throws {
        try reserve(4, on: L)
        clua_push_globals(L)
        push(name, to: L)
        try push(value, to: L)
        lua_rawset(L, -3)
        clua_pop(L, 1)
    }

    /// Makes a library the global of its name.
    func install(_ library: ScriptLibrary, in L: OpaquePointer) throws {
        try reserve(12, on: L)
        clua_push_globals(L)
        push(library.name, to: L)
        let functions = library.functions.map { (path: $0.name.split(separator: ".").map(String.init), binding: $0) }
        try pushLibrary(library.name, functions, constants: library.constants, to: L)
        lua_rawset(L, -3)
        clua_pop(L, 1)
    }

    /// Pushes a table with constants, functions and, for names with dots, tables of them.
    private func pushLibrary(
        _ name: String, _ functions: [(path: [String], binding: Binding)], constants: [ScriptConstant] = [],
        to L: OpaquePointer
    ) throws {
        lua_createtable(L, 0, Int32(clamping: functions.count))
        let groups = Dictionary(grouping: functions) { $0.path.first ?? "" }
        for (member, functions) in groups {
            if functions.count == 1, let function = functions.first, function.path.count == 1 {
                setField(member, to: body(of: function.binding), in: L)
            } else {
                push(member, to: L)
                try pushLibrary("\(name).\(member)", functions.map { (Array($0.path.dropFirst()), $0.binding) }, to: L)
                lua_rawset(L, -3)
            }
        }
        for constant in constants {
            push(constant.name, to: L)
            try push(constant.value, to: L)
            lua_rawset(L, -3)
        }
        lua_createtable(L, 0, 2)
        let members = Array(groups.keys) + constants.map(\.name)
        setField("__index", to: Self.missingFunction(of: name, members: members), in: L)
        push("__metatable", to: L)
        push("protected", to: L)
        lua_rawset(L, -3)
        lua_setmetatable(L, -2)
    }

    private static func missingFunction(of library: String, members: [String]) -> Body {
        { state, L in
            let name = String(decoding: state.readBytes(2, from: L), as: UTF8.self)
            throw TesseraError(.notFound, "there is no \(library).\(name)" + suggestion(for: name, among: members))
        }
    }

    /// Words the error for a global that nobody assigned.
    static func missingGlobal(state: LuaState, L: OpaquePointer) throws -> Int32 {
        let name = String(decoding: state.readBytes(1, from: L), as: UTF8.self)
        if ["io", "os", "package"].contains(name) {
            throw TesseraError(.notFound, "global '\(name)' is not declared: only a trusted script (--trusted) has it")
        }
        throw TesseraError(
            .notFound,
            "global '\(name)' is not declared" + nearestSuggestion(for: name, among: state.globalNames(in: L)))
    }

    private func globalNames(in L: OpaquePointer) -> [String] {
        clua_push_globals(L)
        defer { clua_pop(L, 1) }
        return entryNames(in: L)
    }

    /// The names of the entries of the table on top.
    func entryNames(in L: OpaquePointer) -> [String] {
        var names: [String] = []
        lua_pushnil(L)
        while lua_next(L, -2) != 0 {
            if lua_type(L, -2) == LUA_TSTRING { names.append(String(decoding: readBytes(-2, from: L), as: UTF8.self)) }
            clua_pop(L, 1)
        }
        return names
    }
}
