#ifndef GODWIT_CINSTRUCTIONS_H
#define GODWIT_CINSTRUCTIONS_H

#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>

// Single instructions and system calls that Swift has no name for. Nothing else belongs here.

// Of the C library's headers only what Swift's own module of it does not hold.
extern long syscall(long number, ...);

/// futex(2): sleeps while the word has this value, and at most so many nanoseconds (below 0: no limit).
static inline void godwit_futex_wait(const void *word, uint32_t value, int64_t nanoseconds) {
    struct {
        int64_t seconds, nanoseconds;
    } limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, nanoseconds < 0 ? 0 : &limit, 0, 0);
}

/// futex(2): wakes so many of those that sleep on the word.
static inline void godwit_futex_wake(const void *word, int32_t count) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, 0, 0, 0);
}

/// sync_file_range(2): writes a range of a file out and waits for it; 0, or -1 with errno. Where there is no such
/// call nothing happens and the result is 0: a later fdatasync(2) has more to do, nothing is lost.
static inline int godwit_write_out(int file, int64_t offset, int64_t count) {
#ifdef SYS_sync_file_range
    // SYNC_FILE_RANGE_WAIT_BEFORE, _WRITE and _WAIT_AFTER.
    return (int)syscall(SYS_sync_file_range, file, offset, count, 1 | 2 | 4);
#else
    return 0;
#endif
}

/// Begins to fetch the cache line at an address, which may be any.
static inline void godwit_prefetch(const void *address) { __builtin_prefetch(address); }

#if defined(__x86_64__)

/// SSE 4.2 `crc32`: goes on with a CRC-32C over eight bytes, without the inversions at beginning and end.
static inline uint64_t godwit_crc32c_word(uint64_t crc, uint64_t word) {
    __asm__("crc32q %1, %0" : "+r"(crc) : "r"(word));
    return crc;
}

/// The same over one byte.
static inline uint32_t godwit_crc32c_byte(uint32_t crc, uint8_t byte) {
    __asm__("crc32b %1, %0" : "+r"(crc) : "r"(byte));
    return crc;
}

/// Whether the processor has them: CPUID leaf 1, ECX bit 20.
static inline bool godwit_has_crc32c(void) {
    uint32_t eax = 1, ebx, ecx = 0, edx;
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return (ecx >> 20) & 1;
}

#endif
#endif
