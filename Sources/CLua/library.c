// The libraries a script sees, with the functions replaced that would let it out or let it run on.
#include "internal.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/// Bytes of a text that `load` takes at a time.
enum { piece_size = 1 << 16 };

// MARK: Protected calls that do not swallow an exceeded limit

static int finish_pcall(lua_State *L, int status, lua_KContext extra) {
    if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - (int)extra;
    clua_check_exceeded(L);
    lua_pushboolean(L, 0);
    lua_pushvalue(L, -2);
    return 2;
}

static int guarded_pcall(lua_State *L) {
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    return finish_pcall(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_pcall), 0);
}

/// Calls the script's handler, but not for an exceeded limit: no hook would stop it there.
static int guarded_handler(lua_State *L) {
    if (clua_host_of(L)->exceeded) return 1;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

static int guarded_xpcall(lua_State *L) {
    int count = lua_gettop(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, guarded_handler, 1);
    lua_replace(L, 2);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);
    return finish_pcall(L, lua_pcallk(L, count - 2, LUA_MULTRET, 2, 2, finish_pcall), 2);
}

// MARK: Base

/// Finalizers of scripts would run with hooks off, so no limit would hold in them.
static int guarded_setmetatable(lua_State *L) {
    if (lua_type(L, 2) == LUA_TTABLE) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL) return luaL_error(L, "finalizers (__gc) are not available to scripts");
        lua_pop(L, 1);
    }
    int count = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, count, 1);
    return 1;
}

/// Upvalues: a text, and how much of it was read.
static int next_piece(lua_State *L) {
    size_t length, start = (size_t)lua_tointeger(L, lua_upvalueindex(2));
    const char *text = lua_tolstring(L, lua_upvalueindex(1), &length);
    const size_t size = length - start < piece_size ? length - start : piece_size;
    lua_Integer work = (lua_Integer)size;
    clua_check_work(L, &work);
    lua_pushinteger(L, (lua_Integer)(start + size));
    lua_replace(L, lua_upvalueindex(2));
    lua_pushlstring(L, text + start, size);
    return 1;
}

/// `load` that takes text only, and long text in pieces, between which it looks at the limits.
static int guarded_load(lua_State *L) {
    const char *mode = luaL_optstring(L, 3, "t");
    if (!strchr(mode, 't')) {
        lua_pushnil(L);
        lua_pushliteral(L, "binary chunks are not available to scripts");
        return 2;
    }
    if (lua_gettop(L) < 3) lua_settop(L, 3);
    lua_pushliteral(L, "t");
    lua_replace(L, 3);
    if (lua_type(L, 1) == LUA_TSTRING && lua_rawlen(L, 1) > piece_size) {
        if (lua_isnil(L, 2)) lua_copy(L, 1, 2);
        lua_pushvalue(L, 1);
        lua_pushinteger(L, 0);
        lua_pushcclosure(L, next_piece, 2);
        lua_replace(L, 1);
    }
    int count = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, count, LUA_MULTRET);
    clua_check_exceeded(L); // which `load` would only return
    return lua_gettop(L);
}

/// Upvalue: Lua's own, which takes long where there is much to go through.
static int guarded_collectgarbage(lua_State *L) {
    int count = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, count, LUA_MULTRET);
    clua_check_limits(L);
    return lua_gettop(L);
}

/// `debug.traceback` of a message and a level; a coroutine is a message like any other that is no text.
static int traceback(lua_State *L) {
    if (!lua_isnoneornil(L, 1) && !lua_isstring(L, 1)) {
        lua_settop(L, 1);
        return 1;
    }
    lua_Integer level = luaL_optinteger(L, 2, 1);
    if (level < 0 || level > INT_MAX) level = INT_MAX;
    luaL_traceback(L, L, lua_tostring(L, 1), (int)level);
    return 1;
}

static int refuse_debug(lua_State *L) {
    return luaL_error(L, "there is no debug.%s: only a trusted script (--trusted) has it", luaL_tolstring(L, 2, NULL));
}

static int print(lua_State *L) {
    int count = lua_gettop(L);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (int index = 1; index <= count; index++) {
        if (index > 1) luaL_addchar(&buffer, '\t');
        luaL_tolstring(L, index, NULL);
        luaL_addvalue(&buffer);
    }
    luaL_addchar(&buffer, '\n');
    luaL_pushresult(&buffer);
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    clua_host *host = clua_host_of(L);
    if (host->print) {
        host->print(host->owner, text, length);
    } else {
        fwrite(text, 1, length, stdout);
        fflush(stdout); // whoever follows a log, or an error after it, is to see each line in its turn
    }
    return 0;
}

static void set(lua_State *L, const char *name, lua_CFunction function) {
    lua_pushcfunction(L, function);
    lua_setfield(L, -2, name);
}

static void remove_field(lua_State *L, const char *name) {
    lua_pushnil(L);
    lua_setfield(L, -2, name);
}

void clua_wrap(lua_State *L, const char *name, lua_CFunction replacement) {
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, replacement, 1);
    lua_setfield(L, -2, name);
}

/// Sets the global `debug` to a table that has `traceback` alone.
static void set_debug(lua_State *L) {
    lua_createtable(L, 0, 1);
    set(L, "traceback", traceback);
    lua_createtable(L, 0, 2);
    set(L, "__index", refuse_debug);
    lua_pushliteral(L, "protected");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_setglobal(L, LUA_DBLIBNAME);
}

void clua_guard_base(lua_State *L, bool trusted) {
    lua_pushglobaltable(L);
    set(L, "pcall", guarded_pcall);
    set(L, "xpcall", guarded_xpcall);
    set(L, "print", print);
    clua_wrap(L, "collectgarbage", guarded_collectgarbage);
    if (!trusted) {
        clua_wrap(L, "setmetatable", guarded_setmetatable);
        clua_wrap(L, "load", guarded_load);
        set_debug(L);
        remove_field(L, "dofile");
        remove_field(L, "loadfile");
        lua_getfield(L, -1, "string");
        remove_field(L, "dump");
        lua_pop(L, 1);
        // The metatable of strings is shared by everything in the state.
        lua_pushliteral(L, "");
        lua_getmetatable(L, -1);
        lua_pushliteral(L, "protected");
        lua_setfield(L, -2, "__metatable");
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}

static int open_libraries(lua_State *L) {
    bool trusted = lua_toboolean(L, 1);
    if (trusted) {
        luaL_openlibs(L);
    } else {
        static const luaL_Reg safe[] = {
            {LUA_GNAME, luaopen_base},       {LUA_TABLIBNAME, luaopen_table}, {LUA_STRLIBNAME, luaopen_string},
            {LUA_MATHLIBNAME, luaopen_math}, {LUA_UTF8LIBNAME, luaopen_utf8}, {LUA_COLIBNAME, luaopen_coroutine},
        };
        for (size_t i = 0; i < sizeof safe / sizeof *safe; i++) {
            luaL_requiref(L, safe[i].name, safe[i].func, 1);
            lua_pop(L, 1);
        }
    }
    clua_guard_base(L, trusted);
    clua_guard_coroutine(L);
    clua_guard_loops(L);
    clua_guard_patterns(L);
    return 0;
}

int clua_open_libraries(clua_host *host, bool trusted) {
    lua_pushcfunction(host->main, open_libraries);
    lua_pushboolean(host->main, trusted);
    return clua_call(host->main, 1);
}

// MARK: Modules

/// Upvalues: the table of results by name, the loader. A name that is being loaded, or failed to, maps to false.
static int require(lua_State *L) {
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    switch (lua_rawget(L, lua_upvalueindex(1))) {
    case LUA_TNIL: break;
    case LUA_TBOOLEAN:
        if (!lua_toboolean(L, -1))
            return luaL_error(L, "module '%s' failed to load, or requires itself", lua_tostring(L, 1));
        return 1;
    default: return 1;
    }
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1); // the module's function, at 2

    lua_pushvalue(L, 1);
    lua_pushboolean(L, 0);
    lua_rawset(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1); // its result, at 2
    if (!lua_toboolean(L, 2)) {
        lua_pushboolean(L, 1);
        lua_replace(L, 2);
    }
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_rawset(L, lua_upvalueindex(1));
    return 1;
}

void clua_set_require(lua_State *L, lua_Integer loader) {
    clua_push_globals(L);
    lua_pushliteral(L, "require");
    lua_newtable(L);
    clua_push_binding(L, loader);
    lua_pushcclosure(L, require, 2);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

// MARK: Globals

/// Upvalue: the set of names that were assigned in a main chunk.
static int declare_global(lua_State *L) {
    lua_Debug frame;
    bool declares = !lua_getstack(L, 1, &frame);
    if (!declares) {
        lua_getinfo(L, "S", &frame);
        declares = strcmp(frame.what, "Lua") != 0; // the main chunk, or C
    }
    lua_settop(L, 3);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL) {
        if (!declares) {
            const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
            return luaL_error(L, "assignment to undeclared global '%s': write 'local %s', or assign it outside functions first",
                              name, name);
        }
        lua_pushvalue(L, 2);
        lua_pushboolean(L, 1);
        lua_rawset(L, lua_upvalueindex(1));
    }
    lua_settop(L, 3);
    lua_rawset(L, 1);
    return 0;
}

/// Upvalues: the set of declared names, the binding that words the error.
static int read_global(lua_State *L) {
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushvalue(L, 2);
    lua_call(L, 1, 0);
    return 0;
}

static int make_strict(lua_State *L) {
    lua_Integer missing = lua_tointeger(L, 1);
    lua_pushglobaltable(L);
    lua_newtable(L); // the metatable
    lua_newtable(L); // the declared names
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, declare_global, 1);
    lua_setfield(L, -3, "__newindex");
    clua_push_binding(L, missing);
    lua_pushcclosure(L, read_global, 2);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "protected");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    return 0;
}

int clua_make_strict(clua_host *host, lua_Integer missing) {
    lua_pushcfunction(host->main, make_strict);
    lua_pushinteger(host->main, missing);
    return clua_call(host->main, 1);
}
