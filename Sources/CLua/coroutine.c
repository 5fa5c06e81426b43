// Coroutines that hand an exceeded limit on to whoever resumed them.
//
// A coroutine that died in a hook keeps its hooks off, so its pending `<close>` variables must not run: nothing would stop
// them. Lua's own `wrap` and `close` would run them.
#include "internal.h"

/// Upvalue: Lua's own, which is called while the coroutine that it gets is the one that runs.
static int guarded_resume(lua_State *L) {
    clua_host *host = clua_host_of(L);
    lua_State *coroutine = lua_tothread(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    if (coroutine) {
        host->current = coroutine;
        clua_adopt_interval(coroutine);
    }
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    host->current = L;
    clua_adopt_interval(L);
    clua_check_exceeded(L);
    return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

static int guarded_close(lua_State *L) {
    clua_check_exceeded(L);
    return guarded_resume(L);
}

/// Upvalue: the coroutine.
static int wrapped(lua_State *L) {
    lua_State *coroutine = lua_tothread(L, lua_upvalueindex(1));
    int arguments = lua_gettop(L);
    if (!lua_checkstack(coroutine, arguments)) return luaL_error(L, "too many arguments to resume");
    if (lua_status(coroutine) == LUA_OK && lua_gettop(coroutine) == 0)
        return luaL_error(L, "cannot resume dead coroutine");
    lua_xmove(L, coroutine, arguments);
    clua_host *host = clua_host_of(L);
    host->current = coroutine;
    clua_adopt_interval(coroutine);
    int results;
    int status = lua_resume(coroutine, L, arguments, &results);
    host->current = L;
    clua_adopt_interval(L);
    clua_check_exceeded(L);
    if (status == LUA_OK || status == LUA_YIELD) {
        if (!lua_checkstack(L, results + 1)) {
            lua_pop(coroutine, results);
            return luaL_error(L, "too many results to resume");
        }
        lua_xmove(coroutine, L, results);
        return results;
    }
    // Not so if it was refused for running already.
    if (lua_status(coroutine) != LUA_OK && lua_status(coroutine) != LUA_YIELD) {
        host->current = coroutine;
        lua_resetthread(coroutine);
        host->current = L;
        clua_check_exceeded(L);
    }
    lua_xmove(coroutine, L, 1);
    return lua_error(L);
}

static int guarded_wrap(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *coroutine = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, coroutine, 1);
    lua_pushcclosure(L, wrapped, 1);
    return 1;
}

void clua_guard_coroutine(lua_State *L) {
    lua_getglobal(L, "coroutine");
    clua_wrap(L, "resume", guarded_resume);
    clua_wrap(L, "close", guarded_close);
    lua_pushcfunction(L, guarded_wrap);
    lua_setfield(L, -2, "wrap");
    lua_pop(L, 1);
}
