#include "product.h"

#include "blocks.h"
#include "vectors.h"

#include <string.h>

/// Outputs whose sums are computed together: in two vectors, or in four of weights of 16 bits.
enum { narrow_panel = 16, wide_panel = 32 };

/// Rows and channels whose products with a panel are computed one after the other, and the rows that are at a time in 16 bits.
enum { block = 48, chunk = 256, pair = 2 };

static int64_t panel_of(const ck_product *work) {
    return work->precision == ck_f32 && !work->is_wide ? narrow_panel : wide_panel;
}

int64_t ck_product_weight_count(const ck_product *work) {
    const int64_t count = round_up(work->map.outputs, panel_of(work)) * work->map.channels;
    return work->precision == ck_f32 ? count : count / 2;
}

/// Stores `count` floats of sums, which are neighbours, from `place` on, counted from the target. STORAGE is a constant.
NARROW_TARGET INLINE void finish_row(
    const ck_convolution *map, const float *sums, int64_t output, int64_t count, int64_t place,
    const ck_precision STORAGE) {
    for (int64_t i = 0; i < count; i += 8) {
        vector8 value = *(const vector8 *)(sums + i);
        if (map->ending.bias) value += *(const vector8 *)(map->ending.bias + output + i);
        if (i + 8 <= count) {
            finish(map, &value, 1, place + i, 0, STORAGE);
            continue;
        }
        // What is left of a vector must not be written.
        const size_t size = STORAGE == ck_f32 ? 4 : 2, left = (size_t)(count - i) * size, offset = (size_t)(place + i) * size;
        uint32_t residual[8] = {0}, target[8];
        ck_convolution part = *map;
        part.target = target;
        if (map->ending.residual) {
            memcpy(residual, (const char *)map->ending.residual + offset, left);
            part.ending.residual = residual;
        }
        finish(&part, &value, 1, 0, 0, STORAGE);
        memcpy((char *)map->target + offset, target, left);
    }
}

// Weights of 32 bits ---------------------------------------------------------------------------------------------------

static void pack_floats(const ck_product *work, const void *weights, float *packed) {
    // [panels, channels, panel]: a panel's outputs are neighbours.
    const int64_t panel = panel_of(work), outputs = work->map.outputs, channels = work->map.channels;
    const ck_blocks blocks = {
        .rank = 2, .sizes = {outputs, channels}, .source = {channels, 1}, .target = {panel * channels, panel},
        .axis = 0, .block = panel};
    ck_pack(&blocks, weights, packed);
}

#define KERNEL "multiply_kernel.h"
#include "widths.h"

/// The outputs of a panel of a block of rows, from row `first` on.
NARROW_TARGET static void run_floats(const ck_product *work, int64_t index, int64_t first) {
    const ck_convolution *m = &work->map;
    const int64_t panel = panel_of(work), output = index * panel;
    const int64_t count = m->outputs - output < panel ? m->outputs - output : panel;
    const float *weights = m->weights + output * m->channels;
    float sums[block * wide_panel] __attribute__((aligned(64)));
    float inputs[block * chunk] __attribute__((aligned(64)));
    const int64_t rows = m->batch - first < block ? m->batch - first : block;
    for (int64_t c = 0; c < m->channels; c += chunk) {
        const int64_t channels = m->channels - c < chunk ? m->channels - c : chunk;
        const float *source = (const float *)m->source + first * m->channels + c;
        int64_t stride = m->channels;
        // The same channel of many rows may fall on one part of the cache.
        if (rows > 4) {
            for (int64_t r = 0; r < rows; r++) {
                memcpy(inputs + r * channels, source + r * stride, (size_t)channels * sizeof(float));
            }
            source = inputs;
            stride = channels;
        }
        (work->is_wide ? multiply_wide : multiply_narrow)(
            source, stride, weights + c * panel, channels, sums, rows, c == 0);
    }
    for (int64_t r = 0; r < rows; r++) {
        finish_row(m, sums + r * panel, output, count, (first + r) * m->outputs + output, ck_f32);
    }
}

// Weights of 16 bits ---------------------------------------------------------------------------------------------------

NARROW_TARGET INLINE void pack_halves(const ck_product *work, const void *weights, uint16_t *packed) {
    const int64_t outputs = work->map.outputs, channels = work->map.channels;
    for (int64_t first = 0; first < outputs; first += wide_panel, packed += wide_panel * channels) {
        const int64_t count = outputs - first < wide_panel ? outputs - first : wide_panel;
        if (count < wide_panel) memset(packed, 0, sizeof(uint16_t) * (size_t)(wide_panel * channels));
        for (int64_t c = 0; c < channels; c += 8) {
            const int64_t size = channels - c < 8 ? channels - c : 8;
            for (int64_t o = 0; o < count; o++) {
                vector8 row = {0};
                memcpy(&row, (const char *)weights + ((first + o) * channels + c) * 4, (size_t)size * sizeof(float));
                uint16_t numbers[8];
                if (work->precision == ck_f16) *(halves8 *)numbers = __builtin_convertvector(row, halves8);
                else store(numbers, 0, rounded_to_bfloat(row), ck_bf16);
                for (int64_t i = 0; i < size; i++) packed[(c + i) * wide_panel + o] = numbers[i];
            }
        }
    }
}

/// The 8 weights from `place` on.
NARROW_TARGET INLINE vector8 widened(const uint16_t *place, const ck_precision PRECISION) {
    if (PRECISION == ck_f16) return __builtin_convertvector(*(const halves8 *)place, vector8);
    return load(place, 0, ck_bf16);
}

/// A panel's outputs of COUNT rows from `row` on. COUNT, PRECISION and STORAGE are constants.
NARROW_TARGET INLINE void compute(
    const ck_product *work, int64_t index, int64_t row, const int COUNT, const ck_precision PRECISION,
    const ck_precision STORAGE) {
    enum { vectors = wide_panel / 8 };
    const ck_convolution *m = &work->map;
    const int64_t output = index * wide_panel, first = row * m->channels;
    const uint16_t *weights = (const uint16_t *)m->weights + output * m->channels;
    vector8 sums[pair][vectors];
    UNROLL for (int r = 0; r < COUNT; r++) {
        UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = (vector8){0};
    }
    for (int64_t c = 0; c < m->channels; c++, weights += wide_panel) {
        vector8 weight[vectors];
        UNROLL for (int v = 0; v < vectors; v++) weight[v] = widened(weights + 8 * v, PRECISION);
        UNROLL for (int r = 0; r < COUNT; r++) {
            const int64_t place = first + r * m->channels + c;
            float input;
            if (STORAGE == ck_f32) input = ((const float *)m->source)[place];
            else {
                const uint32_t bits = (uint32_t)((const uint16_t *)m->source)[place] << 16;
                memcpy(&input, &bits, sizeof input);
            }
            const vector8 spread = SPREAD8(input);
            UNROLL for (int v = 0; v < vectors; v++) sums[r][v] += spread * weight[v];
        }
    }
    const int64_t count = m->outputs - output < wide_panel ? m->outputs - output : wide_panel;
    UNROLL for (int r = 0; r < COUNT; r++) {
        finish_row(m, (const float *)sums[r], output, count, (row + r) * m->outputs + output, STORAGE);
    }
}

NARROW_TARGET INLINE void run_rows(
    const ck_product *work, int64_t index, int64_t row, const ck_precision PRECISION, const ck_precision STORAGE) {
    const int64_t end = work->map.batch - row < block ? work->map.batch : row + block;
    for (; row + pair <= end; row += pair) compute(work, index, row, pair, PRECISION, STORAGE);
    if (row < end) compute(work, index, row, 1, PRECISION, STORAGE);
}

NARROW_TARGET static void run_halves(const ck_product *work, int64_t index, int64_t first) {
    run_rows(work, index, first, ck_f16, ck_f32);
}
NARROW_TARGET static void run_bfloats(const ck_product *work, int64_t index, int64_t first) {
    run_rows(work, index, first, ck_bf16, ck_f32);
}
NARROW_TARGET static void run_stored_bfloats(const ck_product *work, int64_t index, int64_t first) {
    run_rows(work, index, first, ck_bf16, ck_bf16);
}

// ----------------------------------------------------------------------------------------------------------------------

NARROW_TARGET void ck_product_pack(const ck_product *work, const void *weights, float *packed) {
    if (work->precision == ck_f32) pack_floats(work, weights, packed);
    else pack_halves(work, weights, (uint16_t *)packed);
}

static void run_part(void *data) {
    const ck_product *work = data;
    void (*run)(const ck_product *, int64_t, int64_t) = run_floats;
    if (work->precision == ck_f16) run = run_halves;
    if (work->precision == ck_bf16) run = work->map.storage == ck_bf16 ? run_stored_bfloats : run_bfloats;
    // Each panel's blocks of rows follow one another, so that its weights stay in the cache.
    const int64_t blocks = round_up(work->map.batch, block) / block;
    const int64_t units = round_up(work->map.outputs, panel_of(work)) / panel_of(work) * blocks;
    const int64_t thread = omp_get_thread_num(), threads = omp_get_num_threads();
    for (int64_t unit = units * thread / threads; unit < units * (thread + 1) / threads; unit++) {
        run(work, unit / blocks, unit % blocks * block);
    }
}

void ck_product_run(const ck_product *work, int threads) {
    // A few products are not worth waking other threads for.
    const int is_small = work->map.batch * work->map.outputs * work->map.channels < 65536;
    in_parallel(run_part, (void *)work, is_small ? 1 : threads);
}
