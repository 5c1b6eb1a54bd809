#include "CAllocationCounter.h"

#include <malloc.h>

// glibc's own names of its allocator: a program may define malloc itself, and these are what it then can forward to.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t size);

// In the executable itself, so reading it allocates nothing.
static __thread uint64_t allocations;

void *malloc(size_t size) {
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *pointer, size_t size) {
    allocations++;
    return __libc_realloc(pointer, size);
}

uint64_t godwit_allocations(void) { return allocations; }

size_t godwit_allocated_bytes(void) { return mallinfo2().uordblks; }
