#ifndef TESSERA_MEMORY_GUARD_H
#define TESSERA_MEMORY_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* An access to a page of the reserved addresses that did not allow it. */
typedef struct memory_guard_access {
    const void *address;
    bool is_write;
} memory_guard_access;

/* Reserves addresses, of which no page can be read or written, and catches SIGSEGV: an access that a page of them does not allow is
   recorded, and the page opened, so that the thread goes on. Any other one ends the process as before. Called once.
   Returns NULL, with errno, if that many addresses cannot be had. */
void *memory_guard_reserve(size_t byte_count);

/* Gives pages, from the reserved addresses, zeros that can be read and written. Returns false, with errno, if there is no memory. */
bool memory_guard_open(void *pages, size_t byte_count);

/* Allows reading of pages alone. */
void memory_guard_protect(void *pages, size_t byte_count);

/* Takes pages back: they cannot be read or written any more. */
void memory_guard_close(void *pages, size_t byte_count);

/* The number of accesses that were recorded so far. */
size_t memory_guard_count(void);

/* A recorded access; the first few hundred are kept. Returns false for one that is not. */
bool memory_guard_read(size_t index, memory_guard_access *access);

#endif
