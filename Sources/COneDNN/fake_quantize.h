// Rounding while a network is trained for integers of a few bits, which oneDNN has nothing for.
#pragma once
#include "shim.h"

/// Eight numbers, of which compilers make vectors of whatever size a processor has.
typedef float onednn_float8 __attribute__((vector_size(32), aligned(4)));
typedef int32_t onednn_mask8 __attribute__((vector_size(32), aligned(4)));

typedef struct {
    const float *numbers;
    /// Null on the way forward.
    const float *gradient;
    float *result;
    int64_t count;
    float step, low, high;
    /// On the way back: two sums for each block.
    double *sums;
} onednn_fake_quantization;

/// Elements whose sums are added up by themselves, so that sums do not depend on the number of threads.
enum { ONEDNN_SUM_BLOCK = 4096 };

/// Adding and taking away this number leaves the nearest integer, half to even, of all below a quarter of it.
static const float ONEDNN_ROUNDING = 12582912.0f;

static inline onednn_float8 onednn_select(onednn_mask8 mask, onednn_float8 a, onednn_float8 b) {
    return (onednn_float8)((mask & (onednn_mask8)a) | (~mask & (onednn_mask8)b));
}

/// One block; the elements beyond the last whole vector are filled up with zeros, which add nothing.
static inline void onednn_fake_quantize_block(onednn_fake_quantization q, int64_t block) {
    const int64_t first = block * ONEDNN_SUM_BLOCK;
    const int64_t end = first + ONEDNN_SUM_BLOCK < q.count ? first + ONEDNN_SUM_BLOCK : q.count;
    const onednn_float8 zero = {0}, step = zero + q.step, low = zero + q.low, high = zero + q.high;
    onednn_float8 inside = zero, outside = zero;
    for (int64_t i = first; i < end; i += 8) {
        const int64_t size = (end - i < 8 ? end - i : 8) * (int64_t)sizeof(float);
        onednn_float8 x = zero;
        if (size == 32) memcpy(&x, q.numbers + i, 32); else memcpy(&x, q.numbers + i, size);
        const onednn_float8 steps = x / step;
        const onednn_mask8 is_below = steps < low, is_above = steps > high;
        const onednn_float8 clamped = onednn_select(is_above, high, onednn_select(is_below, low, steps));
        const onednn_float8 rounded = clamped + ONEDNN_ROUNDING - ONEDNN_ROUNDING;
        onednn_float8 result;
        if (q.gradient) {
            onednn_float8 gradient = zero;
            if (size == 32) memcpy(&gradient, q.gradient + i, 32); else memcpy(&gradient, q.gradient + i, size);
            const onednn_mask8 is_outside = is_below | is_above;
            inside += onednn_select(is_outside, zero, gradient * (rounded - clamped));
            outside += onednn_select(is_outside, gradient * clamped, zero);
            result = onednn_select(is_outside, zero, gradient);
        } else {
            result = rounded * step;
        }
        if (size == 32) memcpy(q.result + i, &result, 32); else memcpy(q.result + i, &result, size);
    }
    if (!q.gradient) return;
    double sums[2] = {0, 0};
    for (int lane = 0; lane < 8; lane++) { sums[0] += inside[lane]; sums[1] += outside[lane]; }
    memcpy(q.sums + 2 * block, sums, sizeof sums);
}

/// The blocks of the calling thread.
static inline void onednn_fake_quantize_part(void *data) {
    const onednn_fake_quantization q = *(const onednn_fake_quantization *)data;
    const int64_t blocks = (q.count + ONEDNN_SUM_BLOCK - 1) / ONEDNN_SUM_BLOCK;
    for (int64_t block = omp_get_thread_num(); block < blocks; block += omp_get_num_threads())
        onednn_fake_quantize_block(q, block);
}

/// `FakeQuantize`, forwards or, with a gradient, backwards.
///
/// `sums` has room for two numbers for each block of elements; it may be null on the way forward.
static inline void onednn_fake_quantize(onednn_fake_quantization q, int threads) {
    GOMP_parallel(onednn_fake_quantize_part, &q, q.count < 16384 ? 1 : (unsigned)threads, 0);
}
