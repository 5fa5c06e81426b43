// What the C files of CLua share.
#ifndef CLUA_INTERNAL_H
#define CLUA_INTERNAL_H

#include "CLua.h"

/// One reference to a Swift object, held by a userdata. It is known to the host as well: a finalizer that lacks the memory to run is
/// lost to Lua, and what it would have released must not be.
typedef struct clua_reference {
    void *object;
    size_t bytes;
    struct clua_reference *previous, *next;
} clua_reference;

/// Releases all references that are left.
void clua_release_references(clua_host *host);

/// Raises the limit that was exceeded, if one was.
void clua_check_exceeded(lua_State *L);
/// Checks the clock, the instructions and the memory, and raises what is exceeded.
void clua_check_limits(lua_State *L);
/// For loops in C: once `work` steps have added up to something, counts them as instructions, checks the limits and starts
/// again at 0.
void clua_check_work(lua_State *L, lua_Integer *work);
/// Has a coroutine that is about to run look at the limits as often as large strings ask for now.
void clua_adopt_interval(lua_State *L);

/// Replaces a function of the table on top by one that has the original as its upvalue.
void clua_wrap(lua_State *L, const char *name, lua_CFunction replacement);
/// Replacements of library functions, see the files of these names.
void clua_guard_base(lua_State *L, bool trusted);
void clua_guard_coroutine(lua_State *L);
void clua_guard_loops(lua_State *L);
void clua_guard_patterns(lua_State *L);

#endif
