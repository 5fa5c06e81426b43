// Library functions whose loops run no Lua instruction, so that no hook interrupts them: here they look at the limits.
//
// Each does what Lua's manual says of it; `table.sort` alone asks for more, a list that does not make up its length.
#include "internal.h"

static void copy_element(lua_State *L, int from, lua_Integer source, int to, lua_Integer target) {
    lua_geti(L, from, source);
    lua_seti(L, to, target);
}

static int insert(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer end = (lua_Integer)((lua_Unsigned)luaL_len(L, 1) + 1), position = end, steps = 0;
    switch (lua_gettop(L)) {
    case 2: break;
    case 3:
        position = luaL_checkinteger(L, 2);
        luaL_argcheck(L, (lua_Unsigned)position - 1u < (lua_Unsigned)end, 2, "position out of bounds");
        for (lua_Integer i = end; i > position; i--) {
            copy_element(L, 1, i - 1, 1, i);
            steps++;
            clua_check_work(L, &steps);
        }
        break;
    default: return luaL_error(L, "wrong number of arguments to 'insert'");
    }
    lua_seti(L, 1, position);
    return 0;
}

static int remove_element(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer size = luaL_len(L, 1), position = luaL_optinteger(L, 2, size), steps = 0;
    if (position != size)
        luaL_argcheck(L, (lua_Unsigned)position - 1u <= (lua_Unsigned)size, 2, "position out of bounds");
    lua_geti(L, 1, position);
    for (; position < size; position++) {
        copy_element(L, 1, position + 1, 1, position);
        steps++;
        clua_check_work(L, &steps);
    }
    lua_pushnil(L);
    lua_seti(L, 1, position);
    return 1;
}

static int move(lua_State *L) {
    lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3), target = luaL_checkinteger(L, 4);
    int destination = lua_isnoneornil(L, 5) ? 1 : 5;
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, destination, LUA_TTABLE);
    if (last >= first) {
        luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3, "too many elements to move");
        lua_Integer count = last - first + 1, steps = 0;
        luaL_argcheck(L, target <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
        bool forwards = target > last || target <= first || (destination != 1 && !lua_rawequal(L, 1, destination));
        for (lua_Integer i = 0; i < count; i++) {
            lua_Integer offset = forwards ? i : count - 1 - i;
            copy_element(L, 1, first + offset, destination, target + offset);
            steps++;
            clua_check_work(L, &steps);
        }
    }
    lua_pushvalue(L, destination);
    return 1;
}

static void add_element(lua_State *L, luaL_Buffer *buffer, lua_Integer index) {
    lua_geti(L, 1, index);
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid value (at index %I) in table for 'concat'", (LUAI_UACINT)index);
    luaL_addvalue(buffer);
}

static int concat(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    size_t length;
    const char *separator = luaL_optlstring(L, 2, "", &length);
    lua_Integer first = luaL_optinteger(L, 3, 1), steps = 0;
    lua_Integer last = lua_isnoneornil(L, 4) ? luaL_len(L, 1) : luaL_checkinteger(L, 4);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (; first < last; first++) {
        add_element(L, &buffer, first);
        luaL_addlstring(&buffer, separator, length);
        steps++;
        clua_check_work(L, &steps);
    }
    if (first == last) add_element(L, &buffer, first);
    luaL_pushresult(&buffer);
    return 1;
}

/// Upvalue: Lua's own. It sorts as many elements as the list has; a `__len` could claim any number.
static int sort(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    if (luaL_getmetafield(L, 1, "__len") != LUA_TNIL) return luaL_error(L, "a table with __len cannot be sorted");
    int count = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, count, 0);
    return 0;
}

/// Upvalue: Lua's own, which would repeat nothing 2^63 times.
static int rep(lua_State *L) {
    size_t length, separator = 0;
    luaL_checklstring(L, 1, &length);
    luaL_checkinteger(L, 2);
    luaL_optlstring(L, 3, "", &separator);
    if (length + separator == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    int count = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, count, 1);
    return 1;
}

void clua_guard_loops(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"insert", insert}, {"remove", remove_element}, {"move", move}, {"concat", concat}, {NULL, NULL}};
    lua_getglobal(L, LUA_TABLIBNAME);
    luaL_setfuncs(L, functions, 0);
    clua_wrap(L, "sort", sort);
    lua_getglobal(L, LUA_STRLIBNAME);
    clua_wrap(L, "rep", rep);
    lua_pop(L, 2);
}
