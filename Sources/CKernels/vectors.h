// Vectors of 8 numbers, and what is done with those of a result.
#ifndef CKERNELS_VECTORS_H
#define CKERNELS_VECTORS_H

#include "convolution.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// OpenMP, as oneDNN uses it: threads belong to the caller's.
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);

/// What `#pragma omp parallel` becomes: runs `body` on every thread of a team. A team of one would call the system to wake
/// nobody; within another team it is made all the same, since `body` asks how many threads share its work.
static inline void in_parallel(void (*body)(void *), void *data, int threads) {
    if (threads <= 1 && omp_get_num_threads() == 1) body(data);
    else GOMP_parallel(body, data, (unsigned)threads, 0);
}

#if defined(__x86_64__)
#define NARROW_TARGET __attribute__((target("avx2,fma,f16c")))
#define WIDE_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c")))
#else
#define NARROW_TARGET
#define WIDE_TARGET
#endif
/// Whether the processor has what kernels for vectors of 8 are made of.
static inline int has_vectors(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
#else
    return 1;
#endif
}

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef float vector8 __attribute__((vector_size(32), aligned(4)));
typedef float vector16 __attribute__((vector_size(64), aligned(4)));
typedef int32_t integers8 __attribute__((vector_size(32), aligned(4)));
typedef uint16_t shorts8 __attribute__((vector_size(16), aligned(2)));
typedef _Float16 halves8 __attribute__((vector_size(16), aligned(2)));

static inline int64_t round_up(int64_t count, int64_t multiple) { return (count + multiple - 1) / multiple * multiple; }

#define SPREAD8(x) {x, x, x, x, x, x, x, x}
#define SPREAD16(x) {x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}

/// Names of what is compiled for vectors of several widths end in SUFFIX.
#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define NAMED(name) JOIN(name, SUFFIX)

/// `value` where it is above `other`, else `other`.
NARROW_TARGET INLINE vector8 greater_or(vector8 value, vector8 other) {
    const integers8 is_greater = value > other;
    return (vector8)(((integers8)value & is_greater) | ((integers8)other & ~is_greater));
}

/// `value` where it is below `other`, else `other`.
NARROW_TARGET INLINE vector8 less_or(vector8 value, vector8 other) {
    const integers8 is_less = value < other;
    return (vector8)(((integers8)value & is_less) | ((integers8)other & ~is_less));
}

NARROW_TARGET INLINE vector8 rectified(vector8 value, float slope) {
    if (slope == 0) return greater_or(value, (vector8){0});
    const integers8 is_positive = value > 0;
    return (vector8)(((integers8)value & is_positive) | ((integers8)(value * slope) & ~is_positive));
}

/// The nearest bfloat16 numbers, ties to the even one. What is no number stays that.
NARROW_TARGET INLINE vector8 rounded_to_bfloat(vector8 value) {
    const integers8 bits = (integers8)value, is_number = value == value;
    const integers8 nearest = bits + 0x7fff + (bits >> 16 & 1), quiet = bits | 0x00400000;
    return (vector8)(((nearest & is_number) | (quiet & ~is_number)) & (int32_t)0xffff0000);
}

/// The nearest binary16 numbers, ties to the even one; what is 65520 or more becomes infinite.
NARROW_TARGET INLINE vector8 rounded_to_half(vector8 value) {
    return __builtin_convertvector(__builtin_convertvector(value, halves8), vector8);
}

/// The 8 elements of a map from `place` on. STORAGE is a constant.
NARROW_TARGET INLINE vector8 load(const void *map, int64_t place, const ck_precision STORAGE) {
    if (STORAGE == ck_f32) return *(const vector8 *)((const float *)map + place);
    const shorts8 upper = *(const shorts8 *)((const uint16_t *)map + place);
    return (vector8)(__builtin_convertvector(upper, integers8) << 16);
}

/// Stores elements that are rounded already.
NARROW_TARGET INLINE void store(void *map, int64_t place, vector8 value, const ck_precision STORAGE) {
    if (STORAGE == ck_f32) *(vector8 *)((float *)map + place) = value;
    else *(shorts8 *)((uint16_t *)map + place) = __builtin_convertvector((integers8)value >> 16, shorts8);
}

/// Does with `count` vectors of sums, which have the bias already, what follows, and stores them, each `distance` elements after the one
/// before.
///
/// - Parameter place: of the first, counted from the target.
NARROW_TARGET INLINE void finish(
    const ck_convolution *map, vector8 *values, int count, int64_t place, int64_t distance,
    const ck_precision STORAGE) {
    const ck_ending *ending = &map->ending;
    if (ending->residual) {
        UNROLL for (int i = 0; i < count; i++) values[i] += load(ending->residual, place + i * distance, STORAGE);
    }
    if (ending->function == ck_rectify) {
        UNROLL for (int i = 0; i < count; i++) values[i] = rectified(values[i], ending->alpha);
    } else if (ending->function == ck_clip) {
        const vector8 low = SPREAD8(ending->alpha), high = SPREAD8(ending->beta);
        UNROLL for (int i = 0; i < count; i++) values[i] = less_or(greater_or(values[i], low), high);
    }
    if (ending->precision == ck_f16) {
        UNROLL for (int i = 0; i < count; i++) values[i] = rounded_to_half(values[i]);
    } else if (ending->precision == ck_bf16) {
        UNROLL for (int i = 0; i < count; i++) values[i] = rounded_to_bfloat(values[i]);
    }
    UNROLL for (int i = 0; i < count; i++) store(map->target, place + i * distance, values[i], STORAGE);
}

#endif
