#include "depthwise.h"

#include "blocks.h"
#include "vectors.h"

#include <assert.h>

/// Outputs that are computed together.
enum { largest_block = 8 };

int64_t ck_depthwise_weight_count(int64_t channels, int64_t kernel) { return round_up(channels, 8) * kernel * kernel; }

void ck_depthwise_pack(const void *weights, float *packed, int64_t channels, int64_t kernel) {
    const int64_t all = kernel * kernel;
    const ck_blocks blocks = {
        .rank = 2, .sizes = {channels, all}, .source = {all, 1}, .target = {8 * all, 8}, .axis = 0, .block = 8};
    ck_pack(&blocks, weights, packed);
}

/// Where one row of outputs of 8 channels is computed from.
typedef struct row {
    const ck_depthwise *work;
    /// The first of `height` rows of pixels, and the weights of the kernel's row that falls on it.
    const float *pixels, *weights;
    int64_t height;
    vector8 bias;
    /// From the target's beginning to the row's.
    int64_t target;
} row;

/// Outputs from `x` on, as many as COUNT, from pixels in rows that are `pitch` floats apart. KERNEL, STRIDE and COUNT are constants.
NARROW_TARGET INLINE void compute(
    const row *r, const float *pixels, int64_t pitch, int64_t x, const int KERNEL, const int STRIDE, const int COUNT) {
    vector8 sums[largest_block];
    UNROLL for (int i = 0; i < COUNT; i++) sums[i] = r->bias;
    const float *weights = r->weights;
    for (int64_t y = 0; y < r->height; y++, pixels += pitch, weights += 8 * KERNEL) {
        UNROLL for (int k = 0; k < KERNEL; k++) {
            const vector8 weight = *(const vector8 *)(weights + 8 * k);
            UNROLL for (int i = 0; i < COUNT; i++) {
                sums[i] += *(const vector8 *)(pixels + 8 * (i * STRIDE + k)) * weight;
            }
        }
    }
    finish(&r->work->map, sums, COUNT, r->target + 8 * x, 8, ck_f32);
}

static int64_t at_least(int64_t value, int64_t least) { return value < least ? least : value; }
static int64_t at_most(int64_t value, int64_t most) { return value > most ? most : value; }

/// An output some of whose pixels are beyond the left or the right end of their rows.
NARROW_TARGET INLINE void compute_at_end(const row *r, int64_t x, const int KERNEL, const int STRIDE) {
    const ck_convolution *m = &r->work->map;
    const int64_t left = x * STRIDE - m->padding_x;
    const int64_t first = at_least(-left, 0), end = at_most(m->width - left, KERNEL);
    vector8 sum = r->bias;
    for (int64_t y = 0; y < r->height; y++) {
        const float *pixels = r->pixels + y * m->width * 8, *weights = r->weights + y * KERNEL * 8;
        for (int64_t k = first; k < end; k++) {
            sum += *(const vector8 *)(pixels + (left + k) * 8) * *(const vector8 *)(weights + k * 8);
        }
    }
    finish(m, &sum, 1, r->target + 8 * x, 8, ck_f32);
}

NARROW_TARGET INLINE void compute_row(const row *r, const int KERNEL, const int STRIDE) {
    const ck_convolution *m = &r->work->map;
    // Outputs from `first` to before `end` have all of their pixels.
    const int64_t first = at_most(at_least((m->padding_x + STRIDE - 1) / STRIDE, 0), m->out_width);
    const int64_t room = m->width + m->padding_x - KERNEL;
    const int64_t end = at_least(at_most(room < 0 ? 0 : room / STRIDE + 1, m->out_width), first);
    int64_t x = 0;
    for (; x < first; x++) compute_at_end(r, x, KERNEL, STRIDE);
    while (x < end) {
        const float *pixels = r->pixels + (x * STRIDE - m->padding_x) * 8;
        const int64_t pitch = m->width * 8, count = at_most(end - x, largest_block);
        switch (count) {
        case 1: compute(r, pixels, pitch, x, KERNEL, STRIDE, 1); break;
        case 2: compute(r, pixels, pitch, x, KERNEL, STRIDE, 2); break;
        case 3: compute(r, pixels, pitch, x, KERNEL, STRIDE, 3); break;
        case 4: compute(r, pixels, pitch, x, KERNEL, STRIDE, 4); break;
        case 5: compute(r, pixels, pitch, x, KERNEL, STRIDE, 5); break;
        case 6: compute(r, pixels, pitch, x, KERNEL, STRIDE, 6); break;
        case 7: compute(r, pixels, pitch, x, KERNEL, STRIDE, 7); break;
        default: compute(r, pixels, pitch, x, KERNEL, STRIDE, 8); break;
        }
        x += count;
    }
    for (; x < m->out_width; x++) compute_at_end(r, x, KERNEL, STRIDE);
}

/// One function each, so that the sums of a block stay in registers.
NARROW_TARGET static void compute_row_3_1(const row *r) { compute_row(r, 3, 1); }
NARROW_TARGET static void compute_row_3_2(const row *r) { compute_row(r, 3, 2); }
NARROW_TARGET static void compute_row_5_1(const row *r) { compute_row(r, 5, 1); }
NARROW_TARGET static void compute_row_5_2(const row *r) { compute_row(r, 5, 2); }

/// What one thread of a team does: its share of all rows of all groups of channels.
NARROW_TARGET static void run_part(void *data) {
    const ck_depthwise *work = data;
    const ck_convolution *m = &work->map;
    const int64_t groups = round_up(m->channels, 8) / 8, rows = m->batch * groups * m->out_height;
    const int64_t thread = omp_get_thread_num(), threads = omp_get_num_threads();
    for (int64_t index = rows * thread / threads; index < rows * (thread + 1) / threads; index++) {
        const int64_t y = index % m->out_height, group = index / m->out_height % groups;
        const int64_t picture = index / m->out_height / groups;
        const int64_t top = y * work->stride_y - m->padding_y;
        // The kernel's rows that fall on the map.
        const int64_t first = at_most(at_least(-top, 0), work->kernel);
        const int64_t end = at_least(at_most(m->height - top, work->kernel), first);
        const float *map = (const float *)m->source + (picture * groups * m->height * m->width) * 8 + group * m->source_group;
        row r = {.work = work, .height = end - first};
        r.pixels = map + (r.height > 0 ? (top + first) * m->width * 8 : 0);
        r.weights = m->weights + (group * work->kernel + first) * work->kernel * 8;
        r.bias = m->ending.bias ? *(const vector8 *)(m->ending.bias + group * 8) : (vector8){0};
        r.target = (picture * groups * m->out_height * m->out_width + y * m->out_width) * 8 + group * m->target_group;
        if (work->kernel == 3) (work->stride_x == 1 ? compute_row_3_1 : compute_row_3_2)(&r);
        else (work->stride_x == 1 ? compute_row_5_1 : compute_row_5_2)(&r);
    }
}

void ck_depthwise_run(const ck_depthwise *work, int threads) {
    assert((work->kernel == 3 || work->kernel == 5) && (work->stride_x == 1 || work->stride_x == 2));
    const ck_convolution *m = &work->map;
    // A small map is not worth waking other threads for.
    const int is_small = m->batch * m->outputs * m->out_height * m->out_width * work->kernel * work->kernel < 65536;
    in_parallel(run_part, (void *)work, is_small ? 1 : threads);
}
