#define _GNU_SOURCE
#include "file_reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

int file_reserve(int descriptor, int64_t size) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && (rlim_t)size > limit.rlim_cur) {
    return -EFBIG;
  }
#if defined(__linux__)
  int result;
  do {
    result = fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, size);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : -errno;
#else
  (void)descriptor;
  return -EOPNOTSUPP;
#endif
}
