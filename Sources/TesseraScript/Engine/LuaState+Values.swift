import CLua
import TesseraCore

/// Values between Swift and Lua.
extension LuaState {
    /// How deep tables may nest, and how many values one may hold altogether.
    private static let depthLimit = 100
    private static let countLimit = 1 << 26

    /// Throws `limitExceeded` unless `count` more values fit on the stack.
    func reserve(_ count: Int, on L: OpaquePointer) throws {
        guard lua_checkstack(L, Int32(clamping: count)) != 0 else {
            throw TesseraError(.limitExceeded, "too many values for Lua's stack")
        }
    }

    // MARK: To Lua

    func push(_ value: ScriptValue, to L: OpaquePointer, depth: Int = 0) throws {
        try reserve(4, on: L)
        switch value {
        case .nil: lua_pushnil(L)
        case .bool(let value): lua_pushboolean(L, value ? 1 : 0)
        case .integer(let value): lua_pushinteger(L, lua_Integer(value))
        case .number(let value): lua_pushnumber(L, value)
        case .string(let value): push(value, to: L)
        case .bytes(let value):
            value.withUnsafeBytes { _ = lua_pushlstring(L, $0.bindMemory(to: CChar.self).baseAddress, $0.count) }
        case .table(let table): try push(table, to: L, depth: depth)
        case .function(let function):
            guard function.belongs(to: self) else {
                throw TesseraError(.invalidArgument, "a function of another script")
            }
            lua_rawgeti(L, clua_registry_index(), lua_Integer(function.reference))
        case .object(let object): try push(object, to: L)
        }
    }

    func push(_ text: String, to L: OpaquePointer) {
        var text = text
        text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { _ = lua_pushlstring(L, $0.baseAddress, $0.count) }
        }
    }

    private func push(_ table: ScriptTable, to L: OpaquePointer, depth: Int) throws {
        guard depth < Self.depthLimit else {
            throw TesseraError(.invalidArgument, "a table nests deeper than \(Self.depthLimit) levels")
        }
        lua_createtable(L, Int32(clamping: table.array.count), Int32(clamping: table.entries.count))
        for (index, element) in table.array.enumerated() {
            try push(element, to: L, depth: depth + 1)
            lua_rawseti(L, -2, lua_Integer(index + 1))
        }
        for (name, element) in table.entries {
            push(name, to: L)
            try push(element, to: L, depth: depth + 1)
            lua_rawset(L, -3)
        }
    }

    // MARK: From Lua

    func read(_ index: Int32, from L: OpaquePointer) throws -> ScriptValue {
        // Some values are always let through: memory that they lack is missed elsewhere.
        let limit = min(Self.countLimit, max(1 << 10, memoryLeft / MemoryLayout<ScriptValue>.stride))
        var reading = Reading(limit: limit)
        return try read(lua_absindex(L, index), from: L, &reading)
    }

    /// What is known while one value is copied: how many values it may have, the tables it is in, and how many there were. A table
    /// that is in others several times is copied several times.
    private struct Reading {
        let limit: Int
        var path: [UnsafeRawPointer] = []
        var count = 0
    }

    private func read(_ index: Int32, from L: OpaquePointer, _ reading: inout Reading) throws -> ScriptValue {
        reading.count += 1
        guard reading.count <= reading.limit else {
            throw TesseraError(
                .limitExceeded,
                "a table, with all that is in it, has more than the \(reading.limit) values that the script's memory leaves room for"
            )
        }
        // No hook runs while a table is copied.
        if reading.count % 4096 == 0, let seconds = limits.seconds, seconds <= 0 {
            throw TesseraError(.limitExceeded, "the script's time is over")
        }
        switch lua_type(L, index) {
        case LUA_TNIL, LUA_TNONE: return .nil
        case LUA_TBOOLEAN: return .bool(lua_toboolean(L, index) != 0)
        case LUA_TNUMBER:
            return lua_isinteger(L, index) != 0
                ? .integer(Int(lua_tointegerx(L, index, nil))) : .number(lua_tonumberx(L, index, nil))
        case LUA_TSTRING:
            let bytes = readBytes(index, from: L)
            return String(validating: bytes, as: UTF8.self).map(ScriptValue.string) ?? .bytes(bytes)
        case LUA_TTABLE: return .table(try readTable(index, from: L, &reading))
        case LUA_TFUNCTION:
            try reserve(2, on: L)
            lua_pushvalue(L, index)
            return .function(ScriptFunction(state: self, reference: luaL_ref(L, clua_registry_index())))
        case LUA_TUSERDATA where clua_is_object(L, index): return .object(try readObject(index, from: L))
        default:
            throw TesseraError(
                .invalidArgument,
                "a \(String(cString: lua_typename(L, lua_type(L, index)))) cannot be passed to Tessera")
        }
    }

    /// The bytes of a Lua string; nothing for other values.
    func readBytes(_ index: Int32, from L: OpaquePointer) -> [UInt8] {
        guard lua_type(L, index) == LUA_TSTRING else { return [] }
        var length = 0
        guard let start = lua_tolstring(L, index, &length) else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: start, count: length))
    }

    private func readTable(_ index: Int32, from L: OpaquePointer, _ reading: inout Reading) throws -> ScriptTable {
        try reserve(4, on: L)
        guard let identity = lua_topointer(L, index), !reading.path.contains(identity) else {
            throw TesseraError(.invalidArgument, "a table contains itself")
        }
        guard reading.path.count < Self.depthLimit else {
            throw TesseraError(.invalidArgument, "a table nests deeper than \(Self.depthLimit) levels")
        }
        reading.path.append(identity)
        defer { reading.path.removeLast() }

        let count = Int(lua_rawlen(L, index))
        var table = ScriptTable()
        table.array.reserveCapacity(min(count, 1 << 20))
        for position in 0..<count {
            lua_rawgeti(L, index, lua_Integer(position + 1))
            defer { clua_pop(L, 1) }
            guard lua_type(L, -1) != LUA_TNIL else {
                throw TesseraError(
                    .invalidArgument, "a list of \(count) elements has a hole: element \(position + 1) is nil")
            }
            table.array.append(try read(lua_gettop(L), from: L, &reading))
        }
        lua_pushnil(L)
        while lua_next(L, index) != 0 {
            defer { clua_pop(L, 1) }
            let key = lua_gettop(L) - 1
            if lua_isinteger(L, key) != 0, (1...max(1, count)).contains(Int(lua_tointegerx(L, key, nil))), count > 0 {
                continue
            }
            guard lua_type(L, key) == LUA_TSTRING else { throw keyError(key, count: count, in: L) }
            let name = String(decoding: readBytes(key, from: L), as: UTF8.self)
            table.entries[name] = try locatingErrors(path: name) { try read(key + 1, from: L, &reading) }
        }
        return table
    }

    private func keyError(_ key: Int32, count: Int, in L: OpaquePointer) -> TesseraError {
        if lua_isinteger(L, key) != 0 {
            let position = lua_tointegerx(L, key, nil)
            return TesseraError(
                .invalidArgument,
                "expected elements 1, 2, 3, … or names in a table, got \(count) elements and element \(position)")
        }
        let type = String(cString: lua_typename(L, lua_type(L, key)))
        return TesseraError(
            .invalidArgument, "expected elements 1, 2, 3, … or names in a table, got a key of type \(type)")
    }
}
