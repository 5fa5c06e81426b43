#define _GNU_SOURCE
#include "CMemoryGuard.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { CAPACITY = 512 };

static uintptr_t first, end, page;
static struct sigaction former;
static memory_guard_access accesses[CAPACITY];
static _Atomic bool is_written[CAPACITY];
static _Atomic size_t access_count;

/* Whether the access that a signal is about was a write. */
static bool writes(const ucontext_t *context) {
#if defined(__x86_64__)
    return context->uc_mcontext.gregs[REG_ERR] & 2;
#elif defined(__aarch64__)
    const unsigned char *record = context->uc_mcontext.__reserved;
    const unsigned char *last = record + sizeof context->uc_mcontext.__reserved - sizeof(struct esr_context);
    while (record <= last) {
        const struct _aarch64_ctx *head = (const struct _aarch64_ctx *)record;
        if (head->magic == ESR_MAGIC) return ((const struct esr_context *)record)->esr & 1 << 6;
        if (head->size == 0) break;
        record += head->size;
    }
    return true;
#else
    (void)context;
    return true;
#endif
}

static void caught(int signal, siginfo_t *information, void *context) {
    (void)signal;
    const uintptr_t address = (uintptr_t)information->si_addr;
    if (information->si_code <= 0 || address < first || address >= end) {
        /* The instruction is run again, without this function. */
        sigaction(SIGSEGV, &former, NULL);
        return;
    }
    const bool is_write = writes(context);
    const size_t index = atomic_fetch_add(&access_count, 1);
    if (index < CAPACITY) {
        accesses[index] = (memory_guard_access){(const void *)address, is_write};
        atomic_store(&is_written[index], true);
    }
    /* A write after a read is an access of its own. */
    void *start = (void *)(address & ~(page - 1));
    /* Without another mapping to be had the access cannot go on. */
    if (mprotect(start, page, is_write ? PROT_READ | PROT_WRITE : PROT_READ) != 0) sigaction(SIGSEGV, &former, NULL);
}

void *memory_guard_reserve(size_t byte_count) {
    void *start = mmap(NULL, byte_count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) return NULL;
    page = (uintptr_t)sysconf(_SC_PAGESIZE);
    first = (uintptr_t)start;
    end = first + byte_count;
    struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGSEGV, &action, &former) != 0) return NULL;
    return start;
}

bool memory_guard_open(void *pages, size_t byte_count) {
    return mprotect(pages, byte_count, PROT_READ | PROT_WRITE) == 0;
}

void memory_guard_protect(void *pages, size_t byte_count) { mprotect(pages, byte_count, PROT_READ); }

void memory_guard_close(void *pages, size_t byte_count) {
    mmap(pages, byte_count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

size_t memory_guard_count(void) { return atomic_load(&access_count); }

bool memory_guard_read(size_t index, memory_guard_access *access) {
    if (index >= CAPACITY || !atomic_load(&is_written[index])) return false;
    *access = accesses[index];
    return true;
}
