import CLua
import TesseraCore

/// Swift objects in Lua.
extension LuaState {
    func push(_ object: any ScriptObject, to L: OpaquePointer) throws {
        try pushClass(of: object, to: L)
        // Lua's reference; it is given back by the userdata's finalizer or by `close`.
        let reference = Unmanaged<AnyObject>.passRetained(object).toOpaque()
        clua_push_object(L, reference, max(0, object.scriptByteCount))
    }

    /// The object at `index`, which is one of ours.
    func readObject(_ index: Int32, from L: OpaquePointer) throws -> any ScriptObject {
        guard let pointer = clua_object(L, index) else {
            throw TesseraError(.invalidArgument, "this \(className(index, in: L)) is closed")
        }
        let object = Unmanaged<AnyObject>.fromOpaque(pointer).takeUnretainedValue()
        guard let object = object as? any ScriptObject else {
            throw TesseraError(.invalidArgument, "an object of an unknown class")
        }
        return object
    }

    private func className(_ index: Int32, in L: OpaquePointer) -> String {
        guard lua_getmetatable(L, index) != 0 else { return "object" }
        push("__name", to: L)
        lua_rawget(L, -2)
        defer { clua_pop(L, 2) }
        return String(decoding: readBytes(-1, from: L), as: UTF8.self)
    }

    private func pushClass(of object: any ScriptObject, to L: OpaquePointer) throws {
        try reserve(12, on: L)
        let identity = ObjectIdentifier(type(of: object))
        if let reference = classes[identity] {
            lua_rawgeti(L, clua_registry_index(), lua_Integer(reference))
            return
        }
        let type = type(of: object).scriptType
        pushTable(of: type.methods, to: L)
        if type.isClosable { setField("close", to: Self.close, in: L) }
        pushTable(of: type.properties, to: L)
        pushTable(of: type.operators, to: L)
        push("__name", to: L)
        push(type.name.lowercased(), to: L)
        lua_rawset(L, -3)
        setField("__tostring", to: Self.describe, in: L)
        setField("__eq", to: Self.compare, in: L)
        if type.isClosable { setField("__close", to: Self.close, in: L) }
        clua_new_class(L, addBody(Self.missingMember(of: type)))
        lua_pushvalue(L, -1)
        classes[identity] = luaL_ref(L, clua_registry_index())
    }

    private func pushTable(of bindings: [Binding], to L: OpaquePointer) {
        lua_createtable(L, 0, Int32(clamping: bindings.count))
        for binding in bindings { setField(binding.name, to: body(of: binding), in: L) }
    }

    /// Sets a field of the table on top.
    func setField(_ name: String, to body: @escaping Body, in L: OpaquePointer) {
        push(name, to: L)
        clua_push_binding(L, addBody(body))
        lua_rawset(L, -3)
    }

    /// Reads the arguments, runs the binding, pushes the results.
    func body(of binding: Binding) -> Body {
        { state, L in
            let count = lua_gettop(L)
            let arguments = try (0..<count).map { index in
                try locatingErrors(path: binding.name) { try state.read(index + 1, from: L) }
            }
            let results = try binding.body(ScriptCall(name: binding.name, arguments: arguments, limits: state.limits))
            lua_settop(L, 0)
            for result in results { try state.push(result, to: L) }
            return Int32(clamping: results.count)
        }
    }

    // MARK: What every class has

    private static func describe(state: LuaState, L: OpaquePointer) throws -> Int32 {
        if clua_is_object(L, 1), clua_object(L, 1) == nil {
            state.push("closed \(state.className(1, in: L))", to: L)
        } else {
            state.push(try state.readObject(1, from: L).scriptDescription, to: L)
        }
        return 1
    }

    private static func compare(state: LuaState, L: OpaquePointer) throws -> Int32 {
        guard clua_object(L, 1) != nil, clua_object(L, 2) != nil else {
            lua_pushboolean(L, 0)
            return 1
        }
        let equal = try state.readObject(1, from: L).isEqual(to: state.readObject(2, from: L))
        lua_pushboolean(L, equal ? 1 : 0)
        return 1
    }

    private static func close(_ state: LuaState, L: OpaquePointer) throws -> Int32 {
        guard clua_is_object(L, 1) else {
            throw TesseraError(
                .invalidArgument, "expected an object; a method is called with a colon, as in object:close()",
                path: "close")
        }
        clua_close_object(L, 1)
        return 0
    }

    private static func missingMember(of type: ScriptType) -> Body {
        { state, L in
            if let element = type.element, lua_type(L, 2) != LUA_TSTRING {
                return try state.body(of: element)(state, L)
            }
            let name = String(decoding: state.readBytes(2, from: L), as: UTF8.self)
            let members = type.methodNames + type.properties.map(\.name)
            throw TesseraError(
                .notFound, "\(type.noun) has no '\(name)'" + suggestion(for: name, among: members))
        }
    }
}
