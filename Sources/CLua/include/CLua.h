// Lua 5.4 for Swift: the C side of TesseraScript.
//
// Lua reports errors with longjmp, which must not pass over a Swift frame. So everything that can raise happens in C:
//
// - A script reaches Swift only through one trampoline. Swift returns a count of results, or a negative number with the
//   message on the stack; the trampoline, with no Swift frame below it, raises.
// - Swift reaches Lua code only through `clua_call` and `clua_load`, which are protected.
// - Swift otherwise calls only functions that raise nothing but "not enough memory", and while it does, the allocator does
//   not refuse memory ("sheltered"); the limit is checked as soon as the trampoline has control again.
#ifndef CLUA_H
#define CLUA_H

#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What stopped a script, if a limit or an interruption did. All but memory stay exceeded until the next `clua_begin`.
enum clua_exceeded {
    clua_exceeded_none = 0,
    clua_exceeded_time,
    clua_exceeded_instructions,
    clua_exceeded_memory,
    clua_exceeded_interruption,
};

/// One Lua state with its limits. Used from one thread at a time.
typedef struct clua_host {
    lua_State *main;
    /// The coroutine that runs, else `main`.
    lua_State *current;

    // How to reach Swift. None of these may raise a Lua error.
    void *owner;
    int (*invoke)(void *owner, lua_State *L, lua_Integer binding);
    void (*release)(void *object);
    /// Takes what scripts print; NULL: it goes to stdout.
    void (*print)(void *owner, const char *text, size_t length);
    /// Whether somebody wants the script to end; NULL: nobody ever does.
    bool (*is_interrupted)(void *owner);

    /// Bytes that Lua holds, bytes that objects say they hold, and the most that both may be together (0: no limit).
    size_t used, external, memory_limit;
    /// Bytes of the large strings that Lua holds.
    size_t string_bytes;
    /// The references to Swift objects that Lua holds.
    struct clua_reference *references;
    /// Objects' bytes at which the next full collection is due: Lua sees only their few bytes of userdata.
    size_t external_threshold;
    /// Above zero while Swift frames are on the stack: the allocator refuses nothing.
    int sheltered;

    double timeout;  // seconds, 0: no limit
    double deadline; // on the monotonic clock
    uint64_t instruction_limit, instructions;
    enum clua_exceeded exceeded;
    char exceeded_message[256];
    /// The chunk and the line where the hook last looked, line 0 before it did.
    char last_source[LUA_IDSIZE];
    int last_line;

    /// Where the last error of a protected call was raised: the chunk's name and line, 0 if unknown.
    char error_source[1024];
    int error_line;
} clua_host;

/// A new state without any library. NULL if there is no memory for it.
clua_host *clua_open(void);
/// Collects every object and frees the state.
void clua_close(clua_host *host);
/// The host of a state or of one of its coroutines.
clua_host *clua_host_of(lua_State *L);

/// Opens the libraries: the safe ones with their holes closed, or, for trusted scripts, all.
/// Protected; returns a Lua status.
int clua_open_libraries(clua_host *host, bool trusted);
/// Makes reading a global that nobody assigned, and assigning one outside a main chunk, an error. `missing` is the
/// binding that words the error for a read. Protected; returns a Lua status.
int clua_make_strict(clua_host *host, lua_Integer missing);
/// Sets the global `require` to one that asks the binding `loader` for a module's function and caches its result.
void clua_set_require(lua_State *L, lua_Integer loader);

/// Starts the clock, which runs out after so many seconds, and the instruction count anew. INFINITY: it does not run out.
void clua_begin(clua_host *host, double seconds);
/// Seconds until the clock runs out; INFINITY if it does not.
double clua_seconds_left(const clua_host *host);
/// Calls the function below `arguments` values, as lua_pcall with LUA_MULTRET and a handler that keeps the traceback.
int clua_call(lua_State *L, int arguments);
/// Compiles a text chunk and pushes the function or the error message; binary chunks are refused.
int clua_load(lua_State *L, const char *text, size_t length, const char *name);
/// Pushes the traceback of the last error of `clua_call`, or nil.
void clua_push_traceback(lua_State *L);
/// Pushes what `__tostring` said of the last error of `clua_call`, or nil.
void clua_push_error_text(lua_State *L);
/// Collects everything. Finalizers run with what memory they need: one that fails releases its object only at the end.
void clua_collect(lua_State *L);

/// Pushes "file:line: " of the function that called the one that runs, or of the nearest before that is written in Lua; the empty text if
/// there is none.
void clua_push_place(lua_State *L);
/// Pushes the function that calls binding number `binding`.
void clua_push_binding(lua_State *L, lua_Integer binding);

/// Creates a metatable for a class of objects and leaves it on the stack. On the stack before the call, and consumed:
/// the tables of methods, of property getters and of metamethods. `missing` is the binding that words the error for an
/// unknown member.
void clua_new_class(lua_State *L, lua_Integer missing);
/// Pushes an object, whose reference it takes over, of the class whose metatable is on top (and is consumed).
void clua_push_object(lua_State *L, void *object, size_t bytes);
/// True if the value is an object of ours, be it closed.
bool clua_is_object(lua_State *L, int index);
/// The object at `index`, NULL if it is closed or none of ours.
void *clua_object(lua_State *L, int index);
/// Releases the object at `index` now instead of when it is collected.
void clua_close_object(lua_State *L, int index);

// Lua's macros as functions.
static inline void clua_pop(lua_State *L, int count) { lua_settop(L, -count - 1); }
static inline void clua_replace(lua_State *L, int index) {
    lua_copy(L, -1, index);
    clua_pop(L, 1);
}
static inline void clua_insert(lua_State *L, int index) { lua_rotate(L, index, 1); }
static inline int clua_registry_index(void) { return LUA_REGISTRYINDEX; }
static inline void clua_push_globals(lua_State *L) { lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS); }
static inline int clua_upvalue_index(int index) { return lua_upvalueindex(index); }

#endif
