// Swift objects as userdata.
#include "internal.h"

/// What the userdata holds: one reference to a Swift object, none once it is closed.
typedef struct box {
    void *object;
    size_t bytes;
} box;

/// Stands in the metatable of every class of ours, so that no other userdata is taken for one.
static const char class_key = 'c';

bool clua_is_object(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return false;
    bool found = lua_rawgetp(L, -1, &class_key) != LUA_TNIL;
    lua_pop(L, 2);
    return found;
}

void *clua_object(lua_State *L, int index) {
    return clua_is_object(L, index) ? ((box *)lua_touserdata(L, index))->object : NULL;
}

void clua_close_object(lua_State *L, int index) {
    if (!clua_is_object(L, index)) return;
    clua_host *host = clua_host_of(L);
    box *box = lua_touserdata(L, index);
    void *object = box->object;
    box->object = NULL;
    host->external -= box->bytes;
    box->bytes = 0;
    if (!object) return;
    // Its deinit is Swift code, which may let go of other things of this state.
    host->sheltered += 1;
    host->release(object);
    host->sheltered -= 1;
}

static int collect(lua_State *L) {
    clua_close_object(L, 1);
    return 0;
}

/// Upvalues: methods, getters, the binding for a member that does not exist.
static int member(lua_State *L) {
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) == LUA_TNIL) {
        lua_pushvalue(L, lua_upvalueindex(3));
        lua_pushvalue(L, 1);
        lua_pushvalue(L, 2);
        lua_call(L, 2, 1);
        return 1;
    }
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

static int refuse_assignment(lua_State *L) {
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
    return luaL_error(L, "'%s' cannot be assigned: objects are read-only", name);
}

void clua_new_class(lua_State *L, lua_Integer missing) {
    // The stack: methods, getters, metamethods; the last becomes the metatable.
    int metatable = lua_gettop(L);
    lua_pushvalue(L, metatable - 2);
    lua_pushvalue(L, metatable - 1);
    clua_push_binding(L, missing);
    lua_pushcclosure(L, member, 3);
    lua_pushliteral(L, "__index");
    lua_insert(L, -2);
    lua_rawset(L, metatable);
    lua_pushliteral(L, "__newindex");
    lua_pushcfunction(L, refuse_assignment);
    lua_rawset(L, metatable);
    lua_pushliteral(L, "__gc");
    lua_pushcfunction(L, collect);
    lua_rawset(L, metatable);
    // What getmetatable returns: scripts get at neither __gc nor __index.
    lua_pushliteral(L, "__metatable");
    lua_pushliteral(L, "protected");
    lua_rawset(L, metatable);
    lua_pushboolean(L, 1);
    lua_rawsetp(L, metatable, &class_key);
    lua_replace(L, metatable - 2);
    lua_settop(L, metatable - 2);
}

void clua_push_object(lua_State *L, void *object, size_t bytes) {
    clua_host *host = clua_host_of(L);
    box *box = lua_newuserdatauv(L, sizeof *box, 0);
    box->object = object;
    box->bytes = bytes;
    host->external += bytes;
    lua_insert(L, -2);
    lua_setmetatable(L, -2);
}
