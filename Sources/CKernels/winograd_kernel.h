// The part of winograd.c that is compiled for vectors of VECTOR, WIDTH floats, with TARGET's instructions; names end in SUFFIX.

#include "multiply_kernel.h"

/// V = Bᵀ d B for the inputs d of squares: inputs[place][square][channel].
TARGET INLINE void NAMED(read_squares)(
    const units *u, int64_t first, int64_t count, float *inputs, const int SIDE, const ck_precision STORAGE) {
    const int size = SIDE + 2;
    // Copies, which what is written cannot change.
    const ck_winograd w = *u->work;
    const ck_convolution m = w.map;
    const int64_t stride = u->inputs_stride, channels = u->channels, line = m.width * m.source_pixel;
    place at = place_of(u, first);
    for (int64_t square = 0; square < count; square++, advance(u, &at)) {
        const int64_t y = at.row * SIDE - w.phase_y - m.padding_y, x = at.column * SIDE - w.phase_x - m.padding_x;
        const int is_inside = y >= 0 && x >= 0 && y + size <= m.height && x + size <= m.width;
        const int64_t corner = at.picture * channels * m.height * m.width + y * line + x * m.source_pixel;
        for (int64_t group = 0; group < channels / 8; group++) {
            const int64_t pixels = corner + group * m.source_group;
            vector8 d[largest_size * largest_size], t[largest_size * largest_size];
            if (is_inside) {
                UNROLL for (int a = 0; a < size; a++) {
                    UNROLL for (int b = 0; b < size; b++) {
                        d[a * size + b] = load(m.source, pixels + a * line + b * m.source_pixel, STORAGE);
                    }
                }
            } else {
                for (int a = 0; a < size; a++) {
                    for (int b = 0; b < size; b++) {
                        const int is_pixel = y + a >= 0 && y + a < m.height && x + b >= 0 && x + b < m.width;
                        d[a * size + b] =
                            is_pixel ? load(m.source, pixels + a * line + b * m.source_pixel, STORAGE) : (vector8){0};
                    }
                }
            }
            UNROLL for (int b = 0; b < size; b++) transform_inputs(d + b, size, t + b, SIDE);
            float *target = inputs + square * channels + group * 8;
            UNROLL for (int a = 0; a < size; a++) {
                vector8 row[largest_size];
                transform_inputs(t + a * size, 1, row, SIDE);
                UNROLL for (int b = 0; b < size; b++, target += stride) *(vector8 *)target = row[b];
            }
        }
    }
}

/// Aᵀ m A of the sums m of a panel, and what follows.
TARGET INLINE void NAMED(write_squares)(
    const units *u, int64_t first, int64_t count, int64_t panel, int64_t width, const float *sums, const int SIDE,
    const ck_precision STORAGE) {
    const int size = SIDE + 2;
    // Copies, which what is written cannot change.
    const ck_winograd w = *u->work;
    const ck_convolution m = w.map;
    const int64_t stride = u->sums_stride, line = m.out_width * m.target_pixel;
    for (int64_t part = 0; part < width; part += 8) {
        const int64_t output = panel + part;
        if (output >= m.outputs) return;
        const vector8 bias = m.ending.bias ? *(const vector8 *)(m.ending.bias + output) : (vector8){0};
        const int64_t map = output / 8 * m.target_group, picture = round_up(m.outputs, 8) * m.out_height * m.out_width;
        place at = place_of(u, first);
        for (int64_t square = 0; square < count; square++, advance(u, &at)) {
            const int64_t y = at.row * SIDE - w.phase_y, x = at.column * SIDE - w.phase_x;
            const int is_inside = y >= 0 && x >= 0 && y + SIDE <= m.out_height && x + SIDE <= m.out_width;
            const float *sum = sums + square * width + part;
            vector8 t[largest_side * largest_size];
            UNROLL for (int b = 0; b < size; b++) {
                vector8 column[largest_size];
                UNROLL for (int a = 0; a < size; a++) column[a] = *(const vector8 *)(sum + (a * size + b) * stride);
                transform_sums(column, 1, t + b, size, SIDE);
            }
            const int64_t corner = at.picture * picture + map + y * line + x * m.target_pixel;
            UNROLL for (int a = 0; a < SIDE; a++) {
                vector8 row[largest_side];
                transform_sums(t + a * size, 1, row, 1, SIDE);
                UNROLL for (int b = 0; b < SIDE; b++) row[b] += bias;
                if (is_inside) {
                    finish(&m, row, SIDE, corner + a * line, m.target_pixel, STORAGE);
                } else if (y + a >= 0 && y + a < m.out_height) {
                    UNROLL for (int b = 0; b < SIDE; b++) {
                        if (x + b < 0 || x + b >= m.out_width) continue;
                        finish(&m, row + b, 1, corner + a * line + b * m.target_pixel, 0, STORAGE);
                    }
                }
            }
        }
    }
}

/// The products of squares with a panel, at one of their places.
static inline void NAMED(multiply_panel)(
    const float *inputs, const float *weights, int64_t channels, float *sums, int64_t squares, int64_t width) {
    void (*multiply)(const float *, int64_t, const float *, int64_t, float *, int64_t, int) = multiply_least;
    if (width == 2 * WIDTH) multiply = NAMED(multiply);
    else if (width == narrow_panel) multiply = multiply_single;
    multiply(inputs, channels, weights, channels, sums, squares, 1);
}

/// What one thread of a team does.
TARGET INLINE void NAMED(run_part)(const units *u, const int SIDE, const ck_precision STORAGE) {
    const ck_winograd *w = u->work;
    const int64_t thread = omp_get_thread_num(), threads = omp_get_num_threads();
    float *inputs = w->map.scratch + thread * u->floats_per_thread;
    float *sums = inputs + u->places * u->inputs_stride;
    const int64_t count = u->blocks * u->groups;
    int64_t read = -1;
    for (int64_t unit = count * thread / threads; unit < count * (thread + 1) / threads; unit++) {
        const int64_t first = unit / u->groups * u->block, group = unit % u->groups;
        const int64_t squares = u->squares - first < u->block ? u->squares - first : u->block;
        if (first != read) NAMED(read_squares)(u, first, squares, inputs, SIDE, STORAGE);
        read = first;
        int64_t panel = u->panels * group / u->groups * 2 * WIDTH, width;
        int64_t end = u->panels * (group + 1) / u->groups * 2 * WIDTH;
        if (end > w->map.outputs) end = w->map.outputs;
        for (; panel < end; panel += width) {
            width = width_of(w->map.outputs - panel, WIDTH == 16);
            const float *weights = w->map.weights + panel * u->places * u->channels;
            for (int64_t place = 0; place < u->places; place++, weights += u->channels * width) {
                NAMED(multiply_panel)(
                    inputs + place * u->inputs_stride, weights, u->channels, sums + place * u->sums_stride, squares, width);
            }
            NAMED(write_squares)(u, first, squares, panel, width, sums, SIDE, STORAGE);
        }
    }
}

TARGET static void NAMED(run_part_2)(void *data) { NAMED(run_part)(data, 2, ck_f32); }
TARGET static void NAMED(run_part_4)(void *data) { NAMED(run_part)(data, 4, ck_f32); }
TARGET static void NAMED(run_part_2_bfloat)(void *data) { NAMED(run_part)(data, 2, ck_bf16); }
TARGET static void NAMED(run_part_4_bfloat)(void *data) { NAMED(run_part)(data, 4, ck_bf16); }
