#include "CBuild.h"

const char *neuroscope_commit(void) { return NEUROSCOPE_COMMIT; }
