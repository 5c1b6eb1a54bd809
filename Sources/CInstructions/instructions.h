#ifndef GODWIT_CINSTRUCTIONS_H
#define GODWIT_CINSTRUCTIONS_H

#include <stdbool.h>
#include <stdint.h>

// Single instructions that Swift has no name for. Nothing else belongs here.

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
