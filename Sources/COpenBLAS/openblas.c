#include "COpenBLAS.h"

#include <dlfcn.h>
#include <stdio.h>

static bool find(void *handle, const char *name, void **place, openblas_reason *why) {
  *place = dlsym(handle, name);
  if (!*place) snprintf(why->text, sizeof why->text, "it has no %s", name);
  return *place != NULL;
}

bool openblas_open(const char *name, openblas_library *library, openblas_reason *why) {
  void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *reason = dlerror();
    snprintf(why->text, sizeof why->text, "%s", reason ? reason : "it can't be opened");
    return false;
  }
  bool is_whole = find(handle, "openblas_set_num_threads", (void **)&library->set_threads, why) &&
                  find(handle, "cblas_sgemm", (void **)&library->sgemm, why) &&
                  find(handle, "cblas_dgemm", (void **)&library->dgemm, why) &&
                  find(handle, "dgeqrf_", (void **)&library->dgeqrf, why) && find(handle, "dorgqr_", (void **)&library->dorgqr, why) &&
                  find(handle, "dgesdd_", (void **)&library->dgesdd, why) && find(handle, "dgeev_", (void **)&library->dgeev, why);
  if (!is_whole) {
    dlclose(handle);
    return false;
  }
  library->set_threads(1);
  return true;
}
