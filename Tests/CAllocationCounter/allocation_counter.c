#define _GNU_SOURCE
#include "allocation_counter.h"
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

static __thread long count;
static __thread int is_counting;

void allocation_counter_start(void) {
    count = 0;
    is_counting = 1;
}

long allocation_counter_stop(void) {
    is_counting = 0;
    return count;
}

static void note(void *caller) {
    if (!is_counting) return;
    is_counting = 0;
    Dl_info info;
    const char *name = dladdr(caller, &info) && info.dli_fname ? info.dli_fname : "";
    if (!strstr(name, "libdnnl") && !strstr(name, "libstdc++") && !strstr(name, "libgomp")) count++;
    is_counting = 1;
}

// glibc's own functions under other names; those below take the place of the usual ones.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
    note(__builtin_return_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    note(__builtin_return_address(0));
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
    note(__builtin_return_address(0));
    return __libc_realloc(memory, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    note(__builtin_return_address(0));
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}
