// Swift objects as userdata.
#include "internal.h"

#include <stdlib.h>

/// What the userdata holds: one reference to a Swift object, none once it is closed.
typedef struct box {
    clua_reference *reference;
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
    if (!clua_is_object(L, index)) return NULL;
    clua_reference *reference = ((box *)lua_touserdata(L, index))->reference;
    return reference ? reference->object : NULL;
}

/// Releases the object, which is Swift code that may let go of other things of the state.
static void release(clua_host *host, clua_reference *reference) {
    if (reference->previous) {
        reference->previous->next = reference->next;
    } else {
        host->references = reference->next;
    }
    if (reference->next) reference->next->previous = reference->previous;
    host->external -= reference->bytes;
    void *object = reference->object;
    free(reference);
    host->sheltered += 1;
    host->release(object);
    host->sheltered -= 1;
}

void clua_release_references(clua_host *host) {
    while (host->references) release(host, host->references);
}

void clua_close_object(lua_State *L, int index) {
    if (!clua_is_object(L, index)) return;
    box *box = lua_touserdata(L, index);
    clua_reference *reference = box->reference;
    box->reference = NULL;
    if (reference) release(clua_host_of(L), reference);
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
    if (lua_type(L, 2) != LUA_TSTRING) {
        return luaL_error(L, "elements cannot be assigned: objects are read-only; tensor:with(index, part) gives a changed copy");
    }
    return luaL_error(L, "'%s' cannot be assigned: objects are read-only", lua_tostring(L, 2));
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
    clua_reference *reference = malloc(sizeof *reference);
    if (!reference) abort();
    *reference = (clua_reference){.object = object, .bytes = bytes, .next = host->references};
    if (host->references) host->references->previous = reference;
    host->references = reference;
    host->external += bytes;
    box *box = lua_newuserdatauv(L, sizeof *box, 0);
    box->reference = reference;
    lua_insert(L, -2);
    lua_setmetatable(L, -2);
}
