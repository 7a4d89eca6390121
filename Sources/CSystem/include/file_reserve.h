// Room for a file's bytes before they are written.
#ifndef NEUROSCOPE_FILE_RESERVE_H
#define NEUROSCOPE_FILE_RESERVE_H

#include <stdint.h>

// Takes room on the disk for the first `size` bytes of a file, whose length stays what it is.
//
// 0, or an error number, negated: -EOPNOTSUPP where the file system can't, -EFBIG above the process's own limit.
int file_reserve(int descriptor, int64_t size);

#endif
