#ifndef GODWIT_CMALLOC_H
#define GODWIT_CMALLOC_H

// glibc's own calls about its allocator, which Swift's Glibc module leaves out.
#include <malloc.h>

#endif
