// What the machine can do at best, to hold the kernels against. Compiled once for every instruction set.

// Reads n bytes (a multiple of 256) as fast as they come.
static uint64_t read_bytes(const uint8_t *p, int64_t n) {
  i16 sums[4] = {};
  for (int64_t i = 0; i < n; i += 256) {
    for (int j = 0; j < 4; j++) {
      i16 v;
      memcpy(&v, p + i + 64 * j, sizeof v);
      sums[j] ^= v;
    }
  }
  i16 all = sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
  uint64_t result = 0;
  for (int i = 0; i < 16; i++) result += (uint32_t)all[i];
  return result;
}

// `rounds` times 12 vectors of multiply-adds that do not wait for each other: rounds * 12 * 16 * 2 operations.
static float multiply_adds(int64_t rounds) {
  v16 sums[12], factor = v_all(0.999f);
  for (int j = 0; j < 12; j++) sums[j] = v_all((float)j);
  for (int64_t i = 0; i < rounds; i++) {
    for (int j = 0; j < 12; j++) sums[j] = v_fma(sums[j], factor, factor);
  }
  v16 all = sums[0];
  for (int j = 1; j < 12; j++) all += sums[j];
  return v_sum(all);
}
