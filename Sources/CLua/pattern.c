#define _GNU_SOURCE // memmem
// Lua's patterns, as the manual's section 6.4.1 defines them, with a matcher that looks at the limits.
//
// Lua's own runs no instruction while it matches, so no hook stops it, and some patterns take time that is exponential in
// their length.
#include "internal.h"

#include <ctype.h>
#include <string.h>

enum {
    maximum_captures = 32,
    /// Quantifiers and captures in a row that a match may nest, as in Lua: each takes C stack.
    maximum_depth = 200,
    unfinished = -1,
    position = -2,
};

typedef struct matcher {
    lua_State *L;
    const char *subject, *end;
    const char *pattern_end;
    lua_Integer work;
    int depth, count;
    struct {
        const char *start;
        ptrdiff_t length; // or `unfinished`, or `position` for `()`
    } captures[maximum_captures];
} matcher;

static const char *match(matcher *m, const char *s, const char *p);

static void add_work(matcher *m, ptrdiff_t amount) {
    m->work += amount;
    clua_check_work(m->L, &m->work);
}

// MARK: One character

/// The end of the single-character class that starts at `p`.
static const char *class_end(matcher *m, const char *p) {
    char first = *p++;
    if (first == '%') {
        if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (ends with '%%')");
        return p + 1;
    }
    if (first != '[') return p;
    if (*p == '^') p++;
    do { // a ']' that comes first is an ordinary character
        if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (missing ']')");
        if (*p++ == '%' && p < m->pattern_end) p++;
    } while (p == m->pattern_end || *p != ']');
    return p + 1;
}

static bool in_class(int c, int class) {
    bool found;
    switch (tolower(class)) {
    case 'a': found = isalpha(c); break;
    case 'c': found = iscntrl(c); break;
    case 'd': found = isdigit(c); break;
    case 'g': found = isgraph(c); break;
    case 'l': found = islower(c); break;
    case 'p': found = ispunct(c); break;
    case 's': found = isspace(c); break;
    case 'u': found = isupper(c); break;
    case 'w': found = isalnum(c); break;
    case 'x': found = isxdigit(c); break;
    case 'z': found = c == 0; break; // deprecated, but there
    default: return class == c;
    }
    return isupper(class) ? !found : found;
}

/// `p` is at the '[' of a set, `last` at its ']'.
static bool in_set(int c, const char *p, const char *last) {
    bool result = true;
    if (p[1] == '^') {
        result = false;
        p++;
    }
    while (++p < last) {
        if (*p == '%') {
            p++;
            if (in_class(c, (unsigned char)*p)) return result;
        } else if (p[1] == '-' && p + 2 < last) {
            if ((unsigned char)p[0] <= c && c <= (unsigned char)p[2]) return result;
            p += 2;
        } else if ((unsigned char)*p == c) {
            return result;
        }
    }
    return !result;
}

/// True if the character at `s` is in the class from `p` to `end`.
static bool matches_class(const matcher *m, const char *s, const char *p, const char *end) {
    if (s >= m->end) return false;
    int c = (unsigned char)*s;
    switch (*p) {
    case '.': return true;
    case '%': return in_class(c, (unsigned char)p[1]);
    case '[': return in_set(c, p, end - 1);
    default: return (unsigned char)*p == c;
    }
}

// MARK: Quantifiers, captures, balance

static const char *expand_most(matcher *m, const char *s, const char *p, const char *end) {
    ptrdiff_t count = 0;
    while (matches_class(m, s + count, p, end)) {
        count++;
        add_work(m, end - p);
    }
    for (; count >= 0; count--) {
        const char *result = match(m, s + count, end + 1);
        if (result) return result;
    }
    return NULL;
}

static const char *expand_least(matcher *m, const char *s, const char *p, const char *end) {
    while (true) {
        const char *result = match(m, s, end + 1);
        if (result) return result;
        if (!matches_class(m, s, p, end)) return NULL;
        s++;
    }
}

static const char *open_capture(matcher *m, const char *s, const char *p, int kind) {
    if (m->count >= maximum_captures) luaL_error(m->L, "too many captures");
    m->captures[m->count].start = s;
    m->captures[m->count].length = kind;
    m->count++;
    const char *result = match(m, s, p);
    if (!result) m->count--;
    return result;
}

static const char *close_capture(matcher *m, const char *s, const char *p) {
    int index = m->count - 1;
    while (index >= 0 && m->captures[index].length != unfinished) index--;
    if (index < 0) luaL_error(m->L, "invalid pattern capture");
    m->captures[index].length = s - m->captures[index].start;
    const char *result = match(m, s, p);
    if (!result) m->captures[index].length = unfinished;
    return result;
}

/// Where what the capture number `digit` holds ends if it stands at `s`, else NULL.
static const char *match_capture(matcher *m, const char *s, char digit) {
    int index = digit - '1';
    if (index < 0 || index >= m->count || m->captures[index].length == unfinished)
        luaL_error(m->L, "invalid capture index %%%d", index + 1);
    ptrdiff_t length = m->captures[index].length;
    if (length < 0 || m->end - s < length) return NULL;
    add_work(m, length);
    return memcmp(m->captures[index].start, s, (size_t)length) == 0 ? s + length : NULL;
}

/// Where the text that starts at `s` and is balanced in the characters at `p` ends, else NULL.
static const char *match_balance(matcher *m, const char *s, const char *p) {
    if (m->pattern_end - p < 2) luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    if (s >= m->end || *s != p[0]) return NULL;
    for (ptrdiff_t depth = 1; ++s < m->end;) {
        add_work(m, 1);
        if (*s == p[1]) {
            if (--depth == 0) return s + 1;
        } else if (*s == p[0]) {
            depth++;
        }
    }
    return NULL;
}

static bool at_frontier(matcher *m, const char *s, const char *set, const char *end) {
    int before = s == m->subject ? 0 : (unsigned char)s[-1];
    int here = s == m->end ? 0 : (unsigned char)*s;
    return !in_set(before, set, end - 1) && in_set(here, set, end - 1);
}

// MARK: The matcher

/// The end of the match of the pattern from `p` at `s`; NULL if there is none.
static const char *match_here(matcher *m, const char *s, const char *p) {
    while (p != m->pattern_end) {
        add_work(m, 1);
        switch (*p) {
        case '(': return p[1] == ')' ? open_capture(m, s, p + 2, position) : open_capture(m, s, p + 1, unfinished);
        case ')': return close_capture(m, s, p + 1);
        case '$':
            if (p + 1 == m->pattern_end) return s == m->end ? s : NULL;
            break;
        case '%':
            if (p[1] == 'b') {
                if (!(s = match_balance(m, s, p + 2))) return NULL;
                p += 4;
                continue;
            }
            if (p[1] == 'f') {
                p += 2;
                if (*p != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
                const char *end = class_end(m, p);
                if (!at_frontier(m, s, p, end)) return NULL;
                p = end;
                continue;
            }
            if (isdigit((unsigned char)p[1])) {
                if (!(s = match_capture(m, s, p[1]))) return NULL;
                p += 2;
                continue;
            }
            break;
        default: break;
        }
        const char *end = class_end(m, p);
        switch (*end) { // the pattern's '\0' at the latest
        case '*': return expand_most(m, s, p, end);
        case '+': return matches_class(m, s, p, end) ? expand_most(m, s + 1, p, end) : NULL;
        case '-': return expand_least(m, s, p, end);
        case '?':
            if (matches_class(m, s, p, end)) {
                const char *result = match(m, s + 1, end + 1);
                if (result) return result;
            }
            p = end + 1;
            continue;
        default:
            if (!matches_class(m, s, p, end)) return NULL;
            s++;
            p = end;
        }
    }
    return s;
}

static const char *match(matcher *m, const char *s, const char *p) {
    if (m->depth++ >= maximum_depth) luaL_error(m->L, "pattern too complex");
    const char *result = match_here(m, s, p);
    m->depth--;
    return result;
}

static const char *match_anew(matcher *m, const char *s, const char *p) {
    m->count = 0;
    m->depth = 0;
    return match(m, s, p);
}

// MARK: Results

/// Pushes a capture; the first is the whole match if the pattern has none.
static void push_capture(matcher *m, int index, const char *s, const char *end) {
    if (index >= m->count) {
        if (index != 0) luaL_error(m->L, "invalid capture index %%%d", index + 1);
        lua_pushlstring(m->L, s, (size_t)(end - s));
        return;
    }
    ptrdiff_t length = m->captures[index].length;
    if (length == unfinished) luaL_error(m->L, "unfinished capture");
    if (length == position) {
        lua_pushinteger(m->L, m->captures[index].start - m->subject + 1);
    } else {
        lua_pushlstring(m->L, m->captures[index].start, (size_t)length);
    }
}

/// Pushes all captures; without any, the whole match if `s` is given.
static int push_captures(matcher *m, const char *s, const char *end) {
    int count = m->count == 0 && s ? 1 : m->count;
    luaL_checkstack(m->L, count, "too many captures");
    for (int index = 0; index < count; index++) push_capture(m, index, s, end);
    return count;
}

/// The subject at 1 and the pattern at 2. Returns the pattern's start.
static const char *prepare(lua_State *L, matcher *m, int subject, int pattern) {
    size_t length, pattern_length;
    m->L = L;
    m->subject = luaL_checklstring(L, subject, &length);
    m->end = m->subject + length;
    const char *p = luaL_checklstring(L, pattern, &pattern_length);
    m->pattern_end = p + pattern_length;
    m->work = 0;
    m->count = m->depth = 0;
    return p;
}

/// Where argument `index` says to start; NULL if that is beyond the end.
static const char *start_of(const matcher *m, lua_State *L, int index) {
    lua_Integer start = luaL_optinteger(L, index, 1), length = m->end - m->subject;
    if (start < 0) start = start < -length ? 1 : length + start + 1;
    if (start == 0) start = 1;
    return start - 1 > length ? NULL : m->subject + start - 1;
}

static bool has_specials(const char *pattern, size_t length) {
    static const char specials[] = "^$*+?.([%-";
    for (size_t i = 0; i < length; i++) {
        if (memchr(specials, pattern[i], sizeof specials - 1)) return true;
    }
    return false;
}

static int find_or_match(lua_State *L, bool find) {
    matcher m;
    const char *p = prepare(L, &m, 1, 2), *s = start_of(&m, L, 3);
    size_t pattern_length = (size_t)(m.pattern_end - p);
    if (!s) {
        lua_pushnil(L);
        return 1;
    }
    bool plain = find && (lua_toboolean(L, 4) || !has_specials(p, pattern_length));
    if (plain) {
        const char *found = memmem(s, (size_t)(m.end - s), p, pattern_length);
        if (found) {
            lua_pushinteger(L, found - m.subject + 1);
            lua_pushinteger(L, found - m.subject + (lua_Integer)pattern_length);
            return 2;
        }
        lua_pushnil(L);
        return 1;
    }
    bool anchored = *p == '^' && pattern_length > 0;
    if (anchored) p++;
    do {
        const char *end = match_anew(&m, s, p);
        if (!end) continue;
        if (!find) return push_captures(&m, s, end);
        lua_pushinteger(L, s - m.subject + 1);
        lua_pushinteger(L, end - m.subject);
        return push_captures(&m, NULL, NULL) + 2;
    } while (s++ < m.end && !anchored);
    lua_pushnil(L);
    return 1;
}

static int find(lua_State *L) { return find_or_match(L, true); }
static int match_function(lua_State *L) { return find_or_match(L, false); }

/// Upvalues: subject, pattern, where to go on, where the last match ended (-1: none).
static int next_match(lua_State *L) {
    matcher m;
    const char *p = prepare(L, &m, lua_upvalueindex(1), lua_upvalueindex(2));
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
    for (const char *s = m.subject + lua_tointeger(L, lua_upvalueindex(3)); s <= m.end; s++) {
        const char *end = match_anew(&m, s, p);
        if (!end || end - m.subject == last) continue;
        lua_pushinteger(L, end - m.subject);
        lua_copy(L, -1, lua_upvalueindex(3));
        lua_copy(L, -1, lua_upvalueindex(4));
        return push_captures(&m, s, end);
    }
    return 0;
}

static int gmatch(lua_State *L) {
    matcher m;
    prepare(L, &m, 1, 2);
    const char *s = start_of(&m, L, 3);
    lua_settop(L, 2);
    lua_pushinteger(L, s ? s - m.subject : m.end - m.subject + 1);
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, next_match, 4);
    return 1;
}

// MARK: Replacing

/// Adds the replacement string at 3 with its `%` sequences filled in.
static void add_filled(matcher *m, luaL_Buffer *buffer, const char *s, const char *end) {
    size_t length;
    const char *text = lua_tolstring(m->L, 3, &length), *text_end = text + length;
    for (; text < text_end; text++) {
        if (*text != '%') {
            luaL_addchar(buffer, *text);
            continue;
        }
        text++;
        if (*text == '%' && text < text_end) {
            luaL_addchar(buffer, '%');
        } else if (*text == '0') {
            luaL_addlstring(buffer, s, (size_t)(end - s));
        } else if (isdigit((unsigned char)*text)) {
            push_capture(m, *text - '1', s, end);
            luaL_tolstring(m->L, -1, NULL); // a position is a number
            lua_remove(m->L, -2);
            luaL_addvalue(buffer);
        } else {
            luaL_error(m->L, "invalid use of '%%' in replacement string");
        }
    }
}

/// Adds what replaces the match; false if that is the match itself.
static bool add_replacement(matcher *m, luaL_Buffer *buffer, const char *s, const char *end) {
    lua_State *L = m->L;
    switch (lua_type(L, 3)) {
    case LUA_TFUNCTION:
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(m, s, end), 1);
        break;
    case LUA_TTABLE:
        push_capture(m, 0, s, end);
        lua_gettable(L, 3);
        break;
    default: add_filled(m, buffer, s, end); return true;
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(buffer, s, (size_t)(end - s));
        return false;
    }
    if (!lua_isstring(L, -1)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(buffer);
    return true;
}

static int gsub(lua_State *L) {
    matcher m;
    const char *p = prepare(L, &m, 1, 2), *s = m.subject, *last = NULL;
    int type = lua_type(L, 3);
    luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
                     "string/function/table");
    lua_Integer limit = luaL_optinteger(L, 4, m.end - m.subject + 1), count = 0;
    bool anchored = *p == '^' && p < m.pattern_end, changed = false;
    if (anchored) p++;
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    while (count < limit) {
        const char *end = match_anew(&m, s, p);
        if (end && end != last) {
            count++;
            changed = add_replacement(&m, &buffer, s, end) || changed;
            s = last = end;
        } else if (s < m.end) {
            luaL_addchar(&buffer, *s++);
        } else {
            break;
        }
        if (anchored) break;
    }
    if (changed) {
        luaL_addlstring(&buffer, s, (size_t)(m.end - s));
        luaL_pushresult(&buffer);
    } else {
        lua_pushvalue(L, 1);
    }
    lua_pushinteger(L, count);
    return 2;
}

void clua_guard_patterns(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"find", find}, {"match", match_function}, {"gmatch", gmatch}, {"gsub", gsub}, {NULL, NULL}};
    lua_getglobal(L, LUA_STRLIBNAME);
    luaL_setfuncs(L, functions, 0);
    lua_pop(L, 1);
}
