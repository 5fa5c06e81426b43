#include "elements.h"

#include <string.h>

#include "vectors.h"

// Small maps are not worth waking other threads for.
static int team_for(int64_t count, int threads) { return count < 16384 ? 1 : threads; }

/// The share of the calling thread, of whole cache lines: its first element and the end.
static void share(int64_t count, int64_t *first, int64_t *end) {
    const int64_t size = round_up(round_up(count, 64) / 64, omp_get_num_threads()) / omp_get_num_threads() * 64;
    *first = omp_get_thread_num() * size < count ? omp_get_thread_num() * size : count;
    *end = *first + size < count ? *first + size : count;
}

// Rounding -------------------------------------------------------------------------------------------------------------

typedef struct rounding {
    float *elements;
    int64_t count;
    ck_precision precision;
} rounding;

/// Where there are no 8 left, or no vectors of 8.
static float rounded(float value, ck_precision precision) {
    if (precision == ck_f16) return (float)(_Float16)value;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    // What is not a number stays that.
    if (value == value) bits += 0x7fff + (bits >> 16 & 1);
    else bits |= 0x00400000;
    bits &= 0xffff0000;
    memcpy(&value, &bits, sizeof bits);
    return value;
}

NARROW_TARGET static int64_t round_vectors(float *elements, int64_t first, int64_t end, ck_precision precision) {
    for (; first + 8 <= end; first += 8) {
        vector8 *place = (vector8 *)(elements + first);
        *place = precision == ck_f16 ? rounded_to_half(*place) : rounded_to_bfloat(*place);
    }
    return first;
}

static void round_part(void *data) {
    const rounding *work = data;
    int64_t first, end;
    share(work->count, &first, &end);
    if (has_vectors()) first = round_vectors(work->elements, first, end, work->precision);
    for (; first < end; first++) work->elements[first] = rounded(work->elements[first], work->precision);
}

void ck_round(float *elements, int64_t count, ck_precision precision, int threads) {
    if (precision == ck_f32) return;
    rounding work = {elements, count, precision};
    in_parallel(round_part, &work, team_for(count, threads));
}

// Quantization ---------------------------------------------------------------------------------------------------------

static void quantize_each(const ck_quantization *work, int64_t first, int64_t end) {
    for (int64_t i = first; i < end; i++) {
        float steps = __builtin_rintf(work->numbers[i] / work->scale);
        steps = steps < -1e6f ? -1e6f : steps > 1e6f ? 1e6f : steps == steps ? steps : 0;
        const int32_t integer = (int32_t)steps + work->zero_point;
        work->integers[i] = (uint8_t)(integer < work->low ? work->low : integer > work->high ? work->high : integer);
    }
}

static void dequantize_each(const ck_quantization *work, int64_t first, int64_t end) {
    for (int64_t i = first; i < end; i++) {
        const int32_t integer = work->is_signed ? (int8_t)work->integers[i] : work->integers[i];
        work->numbers[i] = (float)(integer - work->zero_point) * work->scale;
    }
}

// Eight at a time: the same numbers as above.
#if defined(__x86_64__)
NARROW_TARGET static int64_t quantize_vectors(const ck_quantization *work, int64_t first, int64_t end) {
    const __m256 scale = _mm256_set1_ps(work->scale), limit = _mm256_set1_ps(1e6f);
    const __m256i zero = _mm256_set1_epi32(work->zero_point);
    const __m256i low = _mm256_set1_epi32(work->low), high = _mm256_set1_epi32(work->high);
    const __m256i bytes = _mm256_setr_epi8(
        0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, -1, -1);
    for (; first + 8 <= end; first += 8) {
        __m256 steps = _mm256_div_ps(_mm256_loadu_ps(work->numbers + first), scale);
        // What is not a number becomes 0.
        steps = _mm256_and_ps(steps, _mm256_cmp_ps(steps, steps, _CMP_ORD_Q));
        steps = _mm256_max_ps(_mm256_min_ps(steps, limit), _mm256_sub_ps(_mm256_setzero_ps(), limit));
        __m256i integers = _mm256_add_epi32(_mm256_cvtps_epi32(steps), zero);
        integers = _mm256_shuffle_epi8(_mm256_max_epi32(_mm256_min_epi32(integers, high), low), bytes);
        const int32_t left = _mm256_extract_epi32(integers, 0), right = _mm256_extract_epi32(integers, 4);
        memcpy(work->integers + first, &left, 4);
        memcpy(work->integers + first + 4, &right, 4);
    }
    return first;
}

NARROW_TARGET static int64_t dequantize_vectors(const ck_quantization *work, int64_t first, int64_t end) {
    const __m256 scale = _mm256_set1_ps(work->scale);
    const __m256i zero = _mm256_set1_epi32(work->zero_point);
    for (; first + 8 <= end; first += 8) {
        const __m128i bytes = _mm_loadl_epi64((const __m128i *)(work->integers + first));
        const __m256i integers = work->is_signed ? _mm256_cvtepi8_epi32(bytes) : _mm256_cvtepu8_epi32(bytes);
        const __m256 numbers = _mm256_cvtepi32_ps(_mm256_sub_epi32(integers, zero));
        _mm256_storeu_ps(work->numbers + first, _mm256_mul_ps(numbers, scale));
    }
    return first;
}
#else
static int64_t quantize_vectors(const ck_quantization *work, int64_t first, int64_t end) { return first; }
static int64_t dequantize_vectors(const ck_quantization *work, int64_t first, int64_t end) { return first; }
#endif

static void quantize_part(void *data) {
    const ck_quantization *work = data;
    int64_t first, end;
    share(work->count, &first, &end);
    if (has_vectors()) first = quantize_vectors(work, first, end);
    quantize_each(work, first, end);
}

static void dequantize_part(void *data) {
    const ck_quantization *work = data;
    int64_t first, end;
    share(work->count, &first, &end);
    if (has_vectors()) first = dequantize_vectors(work, first, end);
    dequantize_each(work, first, end);
}

void ck_quantize(const ck_quantization *work, int threads) {
    in_parallel(quantize_part, (void *)work, team_for(work->count, threads));
}

void ck_dequantize(const ck_quantization *work, int threads) {
    in_parallel(dequantize_part, (void *)work, team_for(work->count, threads));
}

void ck_shift_bytes(const uint8_t *source, uint8_t *target, int64_t count) {
    int64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        uint64_t word;
        memcpy(&word, source + i, 8);
        word ^= 0x8080808080808080ull;
        memcpy(target + i, &word, 8);
    }
    for (; i < count; i++) target[i] = source[i] ^ 0x80;
}

// Fake quantization ----------------------------------------------------------------------------------------------------

/// Adding and taking away this number leaves the nearest integer, half to even, of all below a quarter of it.
static const float rounding_number = 12582912.0f;

/// A macro, since vectors of 8 cannot be handed to functions alike on all processors.
#define CHOSEN(mask, a, b) ((vector8)(((mask) & (integers8)(a)) | (~(mask) & (integers8)(b))))

/// One block; the elements beyond the last whole vector are filled up with zeros, which add nothing. Compilers make vectors of
/// whatever size a processor has.
static void fake_quantize_block(const ck_fake_quantization *work, int64_t block) {
    const int64_t first = block * CK_SUM_BLOCK;
    const int64_t end = first + CK_SUM_BLOCK < work->count ? first + CK_SUM_BLOCK : work->count;
    const vector8 zero = {0}, step = zero + work->step, low = zero + work->low, high = zero + work->high;
    vector8 inside = zero, outside = zero;
    for (int64_t i = first; i < end; i += 8) {
        const int64_t size = (end - i < 8 ? end - i : 8) * (int64_t)sizeof(float);
        vector8 x = zero;
        if (size == 32) memcpy(&x, work->numbers + i, 32);
        else memcpy(&x, work->numbers + i, size);
        const vector8 steps = x / step;
        const integers8 is_below = steps < low, is_above = steps > high;
        const vector8 clamped = CHOSEN(is_above, high, CHOSEN(is_below, low, steps));
        const vector8 nearest = clamped + rounding_number - rounding_number;
        vector8 result = nearest * step;
        if (work->gradient) {
            vector8 gradient = zero;
            if (size == 32) memcpy(&gradient, work->gradient + i, 32);
            else memcpy(&gradient, work->gradient + i, size);
            const integers8 is_outside = is_below | is_above;
            inside += CHOSEN(is_outside, zero, gradient * (nearest - clamped));
            outside += CHOSEN(is_outside, gradient * clamped, zero);
            result = CHOSEN(is_outside, zero, gradient);
        }
        if (size == 32) memcpy(work->result + i, &result, 32);
        else memcpy(work->result + i, &result, size);
    }
    if (!work->gradient) return;
    double sums[2] = {0, 0};
    for (int lane = 0; lane < 8; lane++) {
        sums[0] += inside[lane];
        sums[1] += outside[lane];
    }
    memcpy(work->sums + 2 * block, sums, sizeof sums);
}

static void fake_quantize_part(void *data) {
    const ck_fake_quantization *work = data;
    const int64_t blocks = round_up(work->count, CK_SUM_BLOCK) / CK_SUM_BLOCK;
    for (int64_t block = omp_get_thread_num(); block < blocks; block += omp_get_num_threads())
        fake_quantize_block(work, block);
}

void ck_fake_quantize(const ck_fake_quantization *work, int threads) {
    in_parallel(fake_quantize_part, (void *)work, team_for(work->count, threads));
}
