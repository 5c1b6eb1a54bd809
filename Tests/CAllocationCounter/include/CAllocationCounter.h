#ifndef GODWIT_ALLOCATION_COUNTER_H
#define GODWIT_ALLOCATION_COUNTER_H

#include <stddef.h>
#include <stdint.h>

// Allocations that the calling thread has made since it began. An executable that links this target has its calls of malloc,
// calloc and realloc counted, those of the Swift runtime and of other libraries included.
uint64_t godwit_allocations(void);

// Bytes that the process has allocated and not freed.
size_t godwit_allocated_bytes(void);

#endif
