#ifndef GODWIT_CZLIB_SHIM_H
#define GODWIT_CZLIB_SHIM_H

#include <zlib.h>

// zlib's init functions are macros (they pass the header's version and struct size), which Swift cannot see.

static inline int godwit_deflateInit2(z_streamp stream, int level, int method, int windowBits, int memLevel,
                                      int strategy) {
    return deflateInit2(stream, level, method, windowBits, memLevel, strategy);
}

static inline int godwit_inflateInit2(z_streamp stream, int windowBits) {
    return inflateInit2(stream, windowBits);
}

#endif
