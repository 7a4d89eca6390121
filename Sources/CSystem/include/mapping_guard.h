// Outlives the loss of a mapped file's pages.
//
// When another program shortens a file that is mapped here, reading its lost pages raises SIGBUS, whose default ends the
// process. In a guarded range the lost pages, and all behind them, become pages of zeros instead, and the range is marked; whoever
// computes with it asks for the mark before the result is used. SIGBUS from anywhere else does what it did before.
//
// Signal handlers may run on any thread at any instant: the table is static, its fields are atomic, and the handler calls
// nothing but the kernel.
#ifndef NEUROSCOPE_MAPPING_GUARD_H
#define NEUROSCOPE_MAPPING_GUARD_H

#include <stdbool.h>
#include <stddef.h>

// Guards a mapping that begins at a page; its place in the table, or -1 if all 4,096 are taken.
int mapping_guard_add(const void *start, size_t length);

// Whether pages of it were lost since.
bool mapping_guard_is_lost(int place);

// Guards it no more; call it before the range is unmapped, when nobody reads it any more.
void mapping_guard_remove(int place);

#endif
