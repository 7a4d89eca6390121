// Memory that the allocator keeps though nobody uses it.
#ifndef NEUROSCOPE_FREE_MEMORY_H
#define NEUROSCOPE_FREE_MEMORY_H

// Gives it back to the system, where the C library can; takes milliseconds where there is much.
void free_memory_give_back(void);

#endif
