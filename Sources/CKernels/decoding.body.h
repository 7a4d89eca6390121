// Decoding in portable vectors, for sets whose products decode a stretch of a row first. Types that are rare and
// awkward (codes of 3, 5 and 6 bits) take the scalar way.
//
// The including file defines `look_up_bytes`: entry b[i] & 15 of a table of sixteen bytes, for each i.

typedef uint8_t b16 __attribute__((vector_size(16)));
typedef int8_t s16 __attribute__((vector_size(16)));

INLINE b16 b_load(const uint8_t *p) {
  b16 v;
  memcpy(&v, p, sizeof v);
  return v;
}
INLINE v16 v_unsigned(b16 b) { return __builtin_convertvector(__builtin_convertvector(b, i16), v16); }
INLINE v16 v_signed(b16 b) { return __builtin_convertvector(__builtin_convertvector((s16)b, i16), v16); }

// 1 << place where bit i (of lane i) is set.
INLINE i16 i_bits(uint32_t bits, int place) {
  const i16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return ((i_all((int32_t)bits) >> lane) & i_all(1)) << place;
}
INLINE i16 i_codes(b16 b) { return __builtin_convertvector(b, i16); }
INLINE v16 v_of(i16 v) { return __builtin_convertvector(v, v16); }

static const int8_t iq4_bytes[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
static const int8_t fp4_doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// The nibbles of sixteen bytes as steps of a ladder times d, low ones first.
INLINE void ladder(const uint8_t *p, const int8_t *steps, float d, float *out) {
  b16 b = b_load(p);
  v_store(out, v_signed(look_up_bytes(steps, b & 15)) * v_all(d));
  v_store(out + 16, v_signed(look_up_bytes(steps, b >> 4)) * v_all(d));
}

INLINE void decode_small(const int type, const uint8_t *b, float *out) {
  v16 d = v_all(ns_half_at(b));
  switch (type) {
    case NS_Q8_0:
      v_store(out, v_signed(b_load(b + 2)) * d);
      v_store(out + 16, v_signed(b_load(b + 18)) * d);
      break;
    case NS_Q4_0: {
      b16 q = b_load(b + 2);
      v_store(out, (v_unsigned(q & 15) - v_all(8.f)) * d);
      v_store(out + 16, (v_unsigned(q >> 4) - v_all(8.f)) * d);
      break;
    }
    case NS_Q4_1: {
      b16 q = b_load(b + 4);
      v16 m = v_all(ns_half_at(b + 2));
      v_store(out, v_fma(v_unsigned(q & 15), d, m));
      v_store(out + 16, v_fma(v_unsigned(q >> 4), d, m));
      break;
    }
    case NS_Q5_0: {
      b16 q = b_load(b + 6);
      uint32_t high = ns_load32(b + 2);
      v_store(out, v_of((i_codes(q & 15) | i_bits(high, 4)) - i_all(16)) * d);
      v_store(out + 16, v_of((i_codes(q >> 4) | i_bits(high >> 16, 4)) - i_all(16)) * d);
      break;
    }
    case NS_Q5_1: {
      b16 q = b_load(b + 8);
      uint32_t high = ns_load32(b + 4);
      v16 m = v_all(ns_half_at(b + 2));
      v_store(out, v_fma(v_of(i_codes(q & 15) | i_bits(high, 4)), d, m));
      v_store(out + 16, v_fma(v_of(i_codes(q >> 4) | i_bits(high >> 16, 4)), d, m));
      break;
    }
    case NS_IQ4_NL: ladder(b + 2, iq4_bytes, d[0], out); break;
    default: ladder(b + 1, fp4_doubled, 0.5f * ns_float_from_exponent(b[0]), out);
  }
}

// Block g of 32 columns of a block of 256.
INLINE void decode_part(const int type, const uint8_t *b, int g, float *out) {
  switch (type) {
    case NS_Q4_K: case NS_Q5_K: {
      int scale, minimum;
      ns_scale_min(b + 4, g, &scale, &minimum);
      v16 s = v_all(ns_half_at(b) * (float)scale), m = v_all(ns_half_at(b + 2) * (float)minimum);
      const uint8_t *p = b + (type == NS_Q4_K ? 16 : 48) + g / 2 * 32;
      for (int i = 0; i < 32; i += 16) {
        b16 q = g % 2 ? b_load(p + i) >> 4 : b_load(p + i) & 15;
        if (type == NS_Q5_K) q |= (b_load(b + 16 + i) >> (uint8_t)g & 1) << 4;
        v_store(out + i, v_unsigned(q) * s - m);
      }
      break;
    }
    case NS_Q6_K: {
      const int half = g / 4, t = g % 4;
      const uint8_t *low = b + 64 * half + 32 * (t % 2), *high = b + 128 + 32 * half;
      for (int i = 0; i < 32; i += 16) {
        b16 q = t < 2 ? b_load(low + i) & 15 : b_load(low + i) >> 4;
        q |= (b_load(high + i) >> (uint8_t)(2 * t) & 3) << 4;
        v16 s = v_all(ns_half_at(b + 208) * (float)(int8_t)b[192 + 2 * g + i / 16]);
        v_store(out + i, v_signed(q - 32) * s);
      }
      break;
    }
    case NS_Q2_K: {
      for (int i = 0; i < 32; i += 16) {
        uint8_t both = b[2 * g + i / 16];
        b16 q = b_load(b + 16 + g / 4 * 32 + i) >> (uint8_t)(2 * (g % 4)) & 3;
        v16 s = v_all(ns_half_at(b + 80) * (float)(both & 15)), m = v_all(ns_half_at(b + 82) * (float)(both >> 4));
        v_store(out + i, v_unsigned(q) * s - m);
      }
      break;
    }
    case NS_Q3_K: {
      for (int i = 0; i < 32; i += 16) {
        b16 q = b_load(b + 32 + g / 4 * 32 + i) >> (uint8_t)(2 * (g % 4)) & 3;
        q |= (b_load(b + i) >> (uint8_t)g & 1) << 2;
        v16 s = v_all(ns_half_at(b + 108) * (float)ns_q3_scale(b + 96, 2 * g + i / 16));
        v_store(out + i, v_signed(q - 4) * s);
      }
      break;
    }
    default: {  // NS_IQ4_XS
      int scale = (b[4 + g / 2] >> g % 2 * 4 & 15) | (ns_load16(b + 2) >> 2 * g & 3) << 4;
      ladder(b + 8 + 16 * g, iq4_bytes, ns_half_at(b) * (float)(scale - 32), out);
    }
  }
}

// Sixteen bytes that hold 32 nibbles in order.
INLINE void in_order(b16 b, b16 *first, b16 *second) {
  b16 low = b & 15, high = b >> 4;
  *first = __builtin_shufflevector(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  *second = __builtin_shufflevector(low, high, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

static void decode_affine(const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out) {
  const uint8_t *codes = w->data + row * w->row_stride + column / 8 * w->bits;
  const uint8_t *scales = w->scales + row * w->scale_stride, *biases = w->biases + row * w->scale_stride;
  for (int64_t i = 0; i < count; i += 32, codes += 4 * w->bits) {
    int64_t group = (column + i) / w->group;
    v16 s = v_all(ns_plain_at(scales, w->scale_type, group)), m = v_all(ns_plain_at(biases, w->scale_type, group));
    b16 a = b_load(codes), b = a;
    if (w->bits == 4) in_order(a, &a, &b); else b = b_load(codes + 16);
    v_store(out + i, v_fma(v_unsigned(a), s, m));
    v_store(out + i + 16, v_fma(v_unsigned(b), s, m));
  }
}

static void decode_mxfp4_split(const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out) {
  const uint8_t *codes = w->data + row * w->row_stride + column / 2;
  const uint8_t *scales = w->scales + row * w->scale_stride + column / 32;
  for (int64_t i = 0; i < count; i += 32, codes += 16, scales++) {
    b16 a, b;
    v16 d = v_all(0.5f * ns_float_from_exponent(*scales));
    in_order(b_load(codes), &a, &b);
    v_store(out + i, v_signed(look_up_bytes(fp4_doubled, a)) * d);
    v_store(out + i + 16, v_signed(look_up_bytes(fp4_doubled, b)) * d);
  }
}

#define SMALL(type, bytes)                                                                \
  case type:                                                                              \
    for (int64_t i = 0; i < count; i += 32) {                                             \
      decode_small(type, data + (column + i) / 32 * bytes, out + i);                      \
    }                                                                                     \
    return;
#define LARGE(type, bytes)                                                                \
  case type:                                                                              \
    for (int64_t i = 0; i < count; i += 32) {                                             \
      decode_part(type, data + (column + i) / 256 * bytes, (int)((column + i) / 32 % 8), out + i); \
    }                                                                                     \
    return;

static void decode_in_vectors(
    const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out) {
  const uint8_t *data = w->data + row * w->row_stride;
  switch (w->type) {
    case NS_F32: memcpy(out, data + 4 * column, (size_t)count * 4); return;
    case NS_F16: widen_halves((const uint16_t *)data + column, out, count); return;
    case NS_AFFINE:
      if (w->bits == 4 || w->bits == 8) decode_affine(w, row, column, count, out);
      else ns_decode_scalar(w, row, column, count, out);
      return;
    case NS_MXFP4_SPLIT: decode_mxfp4_split(w, row, column, count, out); return;
    SMALL(NS_Q8_0, 34) SMALL(NS_Q4_0, 18) SMALL(NS_Q4_1, 20) SMALL(NS_Q5_0, 22) SMALL(NS_Q5_1, 24)
    SMALL(NS_IQ4_NL, 18) SMALL(NS_MXFP4, 17)
    LARGE(NS_Q2_K, 84) LARGE(NS_Q3_K, 110) LARGE(NS_Q4_K, 144) LARGE(NS_Q5_K, 176) LARGE(NS_Q6_K, 210)
    LARGE(NS_IQ4_XS, 136)
    default: ns_decode_scalar(w, row, column, count, out);
  }
}
