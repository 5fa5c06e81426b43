// The part of winograd.c that is compiled for vectors of VECTOR, WIDTH floats, with TARGET's instructions; names end in SUFFIX.

#include "multiply_kernel.h"

/// V = Bᵀ d B for the inputs d of squares: inputs[place][square][channel].
TARGET INLINE void NAMED(read_squares)(
    const units *u, int64_t first, int64_t count, float *inputs, const int SIDE, const ck_precision STORAGE) {
    const int size = SIDE + 2;
    const ck_winograd *w = u->work;
    const ck_convolution *m = &w->map;
    const int64_t stride = u->inputs_stride;
    for (int64_t square = first; square < first + count; square++) {
        const int64_t picture = square / (u->rows * u->columns), rest = square % (u->rows * u->columns);
        const int64_t y = rest / u->columns * SIDE - w->phase_y - m->padding_y;
        const int64_t x = rest % u->columns * SIDE - w->phase_x - m->padding_x;
        const int is_inside = y >= 0 && x >= 0 && y + size <= m->height && x + size <= m->width;
        const int64_t map = picture * u->channels * m->height * m->width;
        for (int64_t group = 0; group < u->channels / 8; group++) {
            const int64_t pixels = map + group * m->source_group;
            vector8 d[largest_size * largest_size], t[largest_size * largest_size];
            UNROLL for (int a = 0; a < size; a++) {
                UNROLL for (int b = 0; b < size; b++) {
                    const int64_t row = y + a, column = x + b;
                    const int is_pixel =
                        is_inside || (row >= 0 && row < m->height && column >= 0 && column < m->width);
                    const int64_t place = pixels + (row * m->width + column) * m->source_pixel;
                    d[a * size + b] = is_pixel ? load(m->source, place, STORAGE) : (vector8){0};
                }
            }
            UNROLL for (int b = 0; b < size; b++) transform_inputs(d + b, size, t + b, SIDE);
            float *target = inputs + (square - first) * u->channels + group * 8;
            UNROLL for (int a = 0; a < size; a++) {
                transform_inputs(t + a * size, 1, d, SIDE);
                UNROLL for (int b = 0; b < size; b++, target += stride) *(vector8 *)target = d[b];
            }
        }
    }
}

/// Aᵀ m A of the sums m of a panel, and what follows.
TARGET INLINE void NAMED(write_squares)(
    const units *u, int64_t first, int64_t count, int64_t panel, const float *sums, const int SIDE,
    const ck_precision STORAGE) {
    const int size = SIDE + 2;
    const ck_winograd *w = u->work;
    const ck_convolution *m = &w->map;
    const int64_t stride = u->sums_stride, width = width_of(m->outputs, panel, WIDTH == 16);
    for (int64_t part = 0; part < width; part += 8) {
        const int64_t output = panel * 2 * WIDTH + part;
        if (output >= m->outputs) return;
        const vector8 bias = m->ending.bias ? *(const vector8 *)(m->ending.bias + output) : (vector8){0};
        for (int64_t square = first; square < first + count; square++) {
            const int64_t picture = square / (u->rows * u->columns), rest = square % (u->rows * u->columns);
            const int64_t y = rest / u->columns * SIDE - w->phase_y, x = rest % u->columns * SIDE - w->phase_x;
            const float *sum = sums + (square - first) * width + part;
            vector8 t[largest_side * largest_size];
            UNROLL for (int b = 0; b < size; b++) {
                vector8 column[largest_size];
                UNROLL for (int a = 0; a < size; a++) column[a] = *(const vector8 *)(sum + (a * size + b) * stride);
                transform_sums(column, 1, t + b, size, SIDE);
            }
            const int64_t map = picture * round_up(m->outputs, 8) * m->out_height * m->out_width + output / 8 * m->target_group;
            UNROLL for (int a = 0; a < SIDE; a++) {
                if (y + a < 0 || y + a >= m->out_height) continue;
                vector8 row[largest_side];
                transform_sums(t + a * size, 1, row, 1, SIDE);
                UNROLL for (int b = 0; b < SIDE; b++) {
                    if (x + b < 0 || x + b >= m->out_width) continue;
                    vector8 value = row[b] + bias;
                    finish(m, &value, 1, map + ((y + a) * m->out_width + x + b) * m->target_pixel, 0, STORAGE);
                }
            }
        }
    }
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
        const int64_t end = u->panels * (group + 1) / u->groups;
        for (int64_t panel = u->panels * group / u->groups; panel < end; panel++) {
            const int64_t width = width_of(w->map.outputs, panel, WIDTH == 16);
            const float *weights = w->map.weights + panel * u->places * u->channels * 2 * WIDTH;
            for (int64_t place = 0; place < u->places; place++, weights += u->channels * width) {
                (width == 2 * WIDTH ? NAMED(multiply) : width == narrow_panel ? multiply_narrow : multiply_least)(
                    inputs + place * u->inputs_stride, u->channels, weights, u->channels,
                    sums + place * u->sums_stride, squares, 1);
            }
            NAMED(write_squares)(u, first, squares, panel, sums, SIDE, STORAGE);
        }
    }
}

TARGET static void NAMED(run_part_2)(void *data) { NAMED(run_part)(data, 2, ck_f32); }
TARGET static void NAMED(run_part_4)(void *data) { NAMED(run_part)(data, 4, ck_f32); }
TARGET static void NAMED(run_part_2_bfloat)(void *data) { NAMED(run_part)(data, 2, ck_bf16); }
TARGET static void NAMED(run_part_4_bfloat)(void *data) { NAMED(run_part)(data, 4, ck_bf16); }
