// The state: its allocator, its limits, and the two ways between Lua and Swift.
#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    /// Instructions between two looks at the clock.
    hook_interval = 1000,
    /// The same for steps of loops in C.
    work_interval = 1 << 14,
    /// Bytes from which on a block is large: whoever takes one works for long.
    large_block = 256 << 10,
    /// Bytes of a large block that count as one instruction.
    bytes_per_instruction = 64,
    /// Stack slots that a binding may count on before it asks for more.
    binding_stack = 32,
    minimum_external_threshold = 64 << 20,
};

static const char traceback_key = 't', error_text_key = 'e';

clua_host *clua_host_of(lua_State *L) { return *(clua_host **)lua_getextraspace(L); }

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void hook(lua_State *L, lua_Debug *event);

/// Instructions until the next look at the clock. One instruction may read a whole string: while there are large ones, the looks are as
/// much closer together.
static int interval_of(const clua_host *host) {
    if (host->string_bytes <= large_block) return hook_interval;
    const size_t interval = (size_t)hook_interval * large_block / host->string_bytes;
    return interval > 1 ? (int)interval : 1;
}

void clua_adopt_interval(lua_State *L) {
    const clua_host *host = clua_host_of(L);
    if (host->exceeded || lua_gethook(L) != hook || lua_gethookcount(L) == interval_of(host)) return;
    lua_sethook(L, hook, LUA_MASKCOUNT, interval_of(host));
}

/// Counts a large block as instructions, and has the hook look at the limits before the next one.
static void count_large_block(clua_host *host, size_t size) {
    host->instructions += size / bytes_per_instruction;
    if (lua_gethook(host->current) == hook) lua_sethook(host->current, hook, LUA_MASKCOUNT, 1);
}

/// The byte behind a large block that says whether it is a string's.
static char *string_mark(void *block, size_t size) { return (char *)block + size; }

static void *allocate(void *context, void *block, size_t old_size, size_t new_size) {
    clua_host *host = context;
    const bool is_string = !block && old_size == LUA_TSTRING; // strings are never resized
    if (!block) old_size = 0; // it was the kind of object
    if (new_size == 0) {
        if (old_size >= large_block && *string_mark(block, old_size)) host->string_bytes -= old_size;
        free(block);
        host->used -= old_size;
        return NULL;
    }
    if (new_size > old_size && host->memory_limit && !host->sheltered) {
        size_t others = host->used - old_size + host->external;
        if (others > host->memory_limit || new_size > host->memory_limit - others) return NULL;
    }
    const bool is_large = new_size >= large_block;
    void *result = realloc(block, new_size + is_large);
    if (result) {
        host->used += new_size - old_size;
        if (is_large) {
            *string_mark(result, new_size) = is_string;
            if (is_string) host->string_bytes += new_size;
            count_large_block(host, new_size);
        }
    } else if (host->sheltered) {
        // The system itself has no memory left. Returning NULL would make Lua jump over Swift frames, so this ends as
        // it does when Swift runs out of memory.
        fputs("tessera: out of memory\n", stderr);
        abort();
    }
    return result;
}

// MARK: Limits

enum { place_size = LUA_IDSIZE + 32 };

/// The source and the line of the nearest function from a level on that is written in Lua; false if there is none.
static bool find_lua_frame(lua_State *L, int level, lua_Debug *frame) {
    for (; lua_getstack(L, level, frame); level++) {
        lua_getinfo(L, "Sl", frame);
        if (frame->currentline > 0) return true;
    }
    return false;
}

/// "file:line: " of that function, or the empty text.
static void describe_place(lua_State *L, int level, char place[place_size]) {
    lua_Debug frame;
    place[0] = 0;
    if (find_lua_frame(L, level, &frame))
        snprintf(place, place_size, "%s:%d: ", frame.short_src, frame.currentline);
}

static void exceed(lua_State *L, enum clua_exceeded kind) {
    clua_host *host = clua_host_of(L);
    if (host->exceeded) return;
    host->exceeded = kind;
    char position[place_size];
    describe_place(L, 0, position);
    const size_t size = sizeof host->exceeded_message;
    switch (kind) {
    case clua_exceeded_time:
        snprintf(host->exceeded_message, size, "%sthe script ran longer than its limit of %g s", position, host->timeout);
        break;
    case clua_exceeded_instructions:
        snprintf(host->exceeded_message, size, "%sthe script took more than its limit of %llu instructions", position,
                 (unsigned long long)host->instruction_limit);
        break;
    case clua_exceeded_interruption:
        snprintf(host->exceeded_message, size, "%sinterrupted", position);
        break;
    default:
        snprintf(host->exceeded_message, size, "%sthe script needs more than its limit of %g MiB of memory", position,
                 (double)host->memory_limit / (1 << 20));
        break;
    }
}

void clua_check_exceeded(lua_State *L) {
    clua_host *host = clua_host_of(L);
    if (!host->exceeded) return;
    lua_pushstring(L, host->exceeded_message);
    lua_error(L);
}

void clua_collect(lua_State *L) {
    clua_host *host = clua_host_of(L);
    host->sheltered += 1;
    lua_gc(L, LUA_GCCOLLECT);
    host->sheltered -= 1;
}

static void check_time_and_instructions(lua_State *L) {
    clua_host *host = clua_host_of(L);
    if (host->is_interrupted && host->is_interrupted(host->owner)) exceed(L, clua_exceeded_interruption);
    if (host->instruction_limit && host->instructions > host->instruction_limit) exceed(L, clua_exceeded_instructions);
    if (now() > host->deadline) exceed(L, clua_exceeded_time);
}

/// How much objects may hold before what is garbage of it is collected: twice what they hold now, but not so much that a binding would
/// have to refuse what there is room for.
static size_t threshold_of(clua_host *host) {
    size_t threshold = 2 * host->external;
    if (threshold < minimum_external_threshold) threshold = minimum_external_threshold;
    if (!host->memory_limit || threshold < host->memory_limit / 2) return threshold;
    const size_t least = host->external + host->external / 4;
    return host->memory_limit / 2 > least ? host->memory_limit / 2 : least;
}

void clua_check_limits(lua_State *L) {
    clua_host *host = clua_host_of(L);
    check_time_and_instructions(L);
    if (host->external > host->external_threshold) {
        clua_collect(L);
        host->external_threshold = threshold_of(host);
    }
    if (host->memory_limit && host->used + host->external > host->memory_limit) {
        clua_collect(L);
        if (host->used + host->external > host->memory_limit) exceed(L, clua_exceeded_memory);
    }
    clua_check_exceeded(L);
}

void clua_check_work(lua_State *L, lua_Integer *work) {
    if (*work < work_interval) return;
    clua_host_of(L)->instructions += (uint64_t)*work;
    *work = 0;
    clua_check_limits(L);
}

static void hook(lua_State *L, lua_Debug *event) {
    clua_host *host = clua_host_of(L);
    const int counted = lua_gethookcount(L);
    host->instructions += (uint64_t)counted;
    lua_getinfo(L, "Sl", event);
    memcpy(host->last_source, event->short_src, sizeof host->last_source);
    host->last_line = event->currentline;
    check_time_and_instructions(L);
    // Once a limit is exceeded every instruction raises, so that nothing the script does can outlive it.
    const int next = host->exceeded ? 1 : interval_of(host);
    if (next != counted) lua_sethook(L, hook, LUA_MASKCOUNT, next);
    clua_check_exceeded(L);
}

void clua_begin(clua_host *host, double seconds) {
    host->exceeded = clua_exceeded_none;
    host->instructions = 0;
    host->last_line = 0;
    host->deadline = now() + seconds;
    bool limited = isfinite(seconds) || host->instruction_limit || host->is_interrupted;
    lua_sethook(host->main, limited ? hook : NULL, limited ? LUA_MASKCOUNT : 0, interval_of(host));
}

double clua_seconds_left(const clua_host *host) { return host->deadline - now(); }

// MARK: Life

clua_host *clua_open(void) {
    clua_host *host = calloc(1, sizeof *host);
    if (!host) return NULL;
    lua_State *L = lua_newstate(allocate, host);
    if (!L) {
        free(host);
        return NULL;
    }
    host->main = host->current = L;
    host->sheltered = 1; // whoever called is Swift
    *(clua_host **)lua_getextraspace(L) = host;
    return host;
}

void clua_close(clua_host *host) {
    // Finalizers of trusted scripts may still call bindings and print.
    host->invoke = NULL;
    host->print = NULL;
    host->is_interrupted = NULL;
    lua_close(host->main);
    clua_release_references(host);
    free(host);
}

// MARK: From Lua to Swift

static int trampoline(lua_State *L) {
    clua_host *host = clua_host_of(L);
    if (!host->invoke) return 0;
    luaL_checkstack(L, binding_stack, "too many nested calls");
    host->sheltered += 1;
    int results = host->invoke(host->owner, L, lua_tointeger(L, lua_upvalueindex(1)));
    host->sheltered -= 1;
    clua_check_limits(L);
    return results < 0 ? lua_error(L) : results;
}

void clua_push_place(lua_State *L) {
    char place[place_size];
    describe_place(L, 1, place);
    lua_pushstring(L, place);
}

void clua_push_binding(lua_State *L, lua_Integer binding) {
    lua_pushinteger(L, binding);
    lua_pushcclosure(L, trampoline, 1);
}

// MARK: From Swift to Lua

/// Notes where the error was raised, the traceback, and the text of a value with `__tostring`.
static int handle_error(lua_State *L) {
    clua_host *host = clua_host_of(L);
    lua_Debug frame;
    if (find_lua_frame(L, 1, &frame)) {
        host->error_line = frame.currentline;
        snprintf(host->error_source, sizeof host->error_source, "%s", frame.source);
    }
    luaL_traceback(L, L, NULL, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &traceback_key);
    // A `__tostring` is the script's own code, and no hook stops it once a limit is exceeded.
    if (lua_isstring(L, 1) || host->exceeded || !luaL_callmeta(L, 1, "__tostring")) lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &error_text_key);
    lua_settop(L, 1);
    return 1;
}

int clua_call(lua_State *L, int arguments) {
    clua_host *host = clua_host_of(L);
    int handler = lua_gettop(L) - arguments;
    lua_pushcfunction(L, handle_error);
    lua_insert(L, handler);
    host->error_line = 0;
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &traceback_key);
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &error_text_key);

    int sheltered = host->sheltered;
    host->sheltered = 0;
    int status = lua_pcall(L, arguments, LUA_MULTRET, handler);
    host->sheltered = sheltered;
    lua_remove(L, handler);
    return status;
}

void clua_push_traceback(lua_State *L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &traceback_key); }

void clua_push_error_text(lua_State *L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &error_text_key); }

int clua_load(lua_State *L, const char *text, size_t length, const char *name) {
    clua_host *host = clua_host_of(L);
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &error_text_key);
    int sheltered = host->sheltered;
    host->sheltered = 0;
    int status = luaL_loadbufferx(L, text, length, name, "t");
    host->sheltered = sheltered;
    return status;
}
