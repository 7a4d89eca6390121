#include "free_memory.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

void free_memory_give_back(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}
