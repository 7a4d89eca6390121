#ifndef NEUROSCOPE_BUILD_H
#define NEUROSCOPE_BUILD_H

/// The commit that was built, with a plus sign where files differed from it; empty where the sources had no history.
const char *neuroscope_commit(void);

#endif
