#include "winograd.h"

#include "vectors.h"

#include <string.h>

/// Outputs whose sums are computed together: in two vectors of 16, in one of them or in two of 8, and in one of 8.
enum { least_panel = 8, narrow_panel = 16, wide_panel = 32 };

static int64_t panel_of(int is_wide) { return is_wide ? wide_panel : narrow_panel; }

/// Outputs of the next panel, those that fill it up among them, where so many are left: 24 are a panel of 16 and one of 8.
static int64_t width_of(int64_t left, int is_wide) {
    return left > narrow_panel + least_panel ? panel_of(is_wide) : left > least_panel ? narrow_panel : least_panel;
}

/// The first output of the panel that one is in.
static int64_t first_of(int64_t output, int64_t outputs, int is_wide) {
    const int64_t first = output / panel_of(is_wide) * panel_of(is_wide), width = width_of(outputs - first, is_wide);
    return output < first + width ? first : first + width;
}

/// Outputs and inputs along each side of the larger squares.
enum { largest_side = 4, largest_size = 6 };

/// Numbers of a transformed square.
static int64_t places_of(int64_t side) { return (side + 2) * (side + 2); }

int64_t ck_winograd_weight_count(int64_t outputs, int64_t channels, int64_t side, int is_wide) {
    const int64_t last = first_of(outputs - 1, outputs, is_wide);
    return (last + width_of(outputs - last, is_wide)) * round_up(channels, 8) * places_of(side);
}

/// G of the paper, for squares of 2x2 and of 4x4.
static const double transform_2[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
static const double transform_4[6][3] = {
    {1. / 4, 0, 0},          {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6},
    {1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1}};

void ck_winograd_pack(
    const void *weights, float *packed, int64_t outputs, int64_t channels, int64_t side, int is_wide) {
    const int64_t panel = panel_of(is_wide), all = round_up(channels, 8), size = side + 2;
    const double(*transform)[3] = side == 2 ? transform_2 : transform_4;
    memset(packed, 0, sizeof(float) * (size_t)ck_winograd_weight_count(outputs, channels, side, is_wide));
    // Outputs of a panel are neighbours in memory, and channels follow one another.
    for (int64_t index = 0; index < round_up(outputs, panel) * channels; index++) {
        const int64_t output = index / (panel * channels) * panel + index % panel, channel = index / panel % channels;
        if (output >= outputs) continue;
        float g[9];
        memcpy(g, (const char *)weights + (output * channels + channel) * (int64_t)sizeof g, sizeof g);
        double columns[largest_size][3];
        for (int64_t y = 0; y < size; y++) {
            const double *t = transform[y];
            for (int x = 0; x < 3; x++) columns[y][x] = t[0] * g[x] + t[1] * g[3 + x] + t[2] * g[6 + x];
        }
        // [panels, place in the square, channels, panel]
        const int64_t first = first_of(output, outputs, is_wide), width = width_of(outputs - first, is_wide);
        float *target = packed + first * size * size * all + channel * width + output - first;
        for (int64_t place = 0; place < size * size; place++) {
            const double *row = columns[place / size], *t = transform[place % size];
            target[place * all * width] = (float)(t[0] * row[0] + t[1] * row[1] + t[2] * row[2]);
        }
    }
}

/// How the work falls into units: a block of squares, and of the panels one of so many groups.
typedef struct units {
    const ck_winograd *work;
    /// Input channels, filled up.
    int64_t channels;
    int64_t places, rows, columns, squares, panels, block, blocks, groups;
    /// Floats between the same numbers of two places in a square. An odd number of lines apart, they do not contend for one part of
    /// the cache.
    int64_t inputs_stride, sums_stride;
    int64_t floats_per_thread;
} units;

static units units_of(const ck_winograd *work, int64_t threads) {
    const ck_convolution *m = &work->map;
    const int64_t panel = panel_of(work->is_wide);
    units u = {.work = work, .channels = round_up(m->channels, 8)};
    u.places = places_of(work->side);
    u.rows = (m->out_height + work->phase_y + work->side - 1) / work->side;
    u.columns = (m->out_width + work->phase_x + work->side - 1) / work->side;
    u.squares = m->batch * u.rows * u.columns;
    u.panels = round_up(m->outputs, panel) / panel;
    // Squares that a thread works on at a time: those of wide layers share the weights, which do not fit in a cache, those of narrow ones
    // stay in one themselves.
    u.block = work->side == 2 ? (u.channels <= 128 ? 36 : 72) : (u.channels <= 128 ? 18 : 96);
    if (u.block > u.squares) u.block = u.squares;
    u.blocks = (u.squares + u.block - 1) / u.block;
    // Threads have as many squares of narrow layers each, whose weights all of them may read, but where that leaves too few for vectors.
    if (threads > 1 && u.channels <= 128 && u.squares >= (work->is_wide ? 8 : 12) * threads) {
        u.block = (u.squares + round_up(u.blocks, threads) - 1) / round_up(u.blocks, threads);
        u.blocks = (u.squares + u.block - 1) / u.block;
    }
    // A few units for each thread, or the last one would be waited for. Transforming the same inputs for each group costs little
    // beside the products.
    u.groups = 1;
    while (threads > 1 && u.blocks * u.groups < 4 * threads && 2 * u.groups <= u.panels) u.groups *= 2;
    u.inputs_stride = round_up(u.block * u.channels, 32) + 16;
    u.sums_stride = u.block * panel + 16;
    u.floats_per_thread = round_up(u.places * (u.inputs_stride + u.sums_stride), 32);
    return u;
}

static int64_t team(const units *u, int64_t threads) {
    return u->blocks * u->groups < threads ? u->blocks * u->groups : threads;
}

int64_t ck_winograd_scratch(const ck_winograd *work, int64_t threads) {
    const units u = units_of(work, threads);
    return team(&u, threads) * u.floats_per_thread * (int64_t)sizeof(float);
}

/// Where a square is.
typedef struct place {
    int64_t picture, row, column;
} place;

static inline place place_of(const units *u, int64_t square) {
    const int64_t line = square / u->columns;
    return (place){.picture = line / u->rows, .row = line % u->rows, .column = square % u->columns};
}

static inline void advance(const units *u, place *at) {
    if (++at->column < u->columns) return;
    at->column = 0;
    if (++at->row < u->rows) return;
    at->row = 0;
    at->picture++;
}

/// Bᵀ d for a row or a column d of the inputs of a square, of which the elements are `stride` vectors apart.
NARROW_TARGET INLINE void transform_inputs(const vector8 *d, int stride, vector8 *t, const int SIDE) {
    const vector8 d0 = d[0], d1 = d[stride], d2 = d[2 * stride], d3 = d[3 * stride];
    if (SIDE == 2) {
        t[0] = d0 - d2;
        t[stride] = d1 + d2;
        t[2 * stride] = d2 - d1;
        t[3 * stride] = d1 - d3;
    } else {
        const vector8 d4 = d[4 * stride], d5 = d[5 * stride];
        const vector8 even = d4 - 4 * d2, odd = d3 - 4 * d1, far = d4 - d2, near = 2 * (d3 - d1);
        t[0] = 4 * d0 - 5 * d2 + d4;
        t[stride] = even + odd;
        t[2 * stride] = even - odd;
        t[3 * stride] = far + near;
        t[4 * stride] = far - near;
        t[5 * stride] = 4 * d1 - 5 * d3 + d5;
    }
}

/// Aᵀ m for a row or a column m of the sums of a square.
NARROW_TARGET INLINE void transform_sums(const vector8 *m, int stride, vector8 *t, int target_stride, const int SIDE) {
    const vector8 m0 = m[0], m1 = m[stride], m2 = m[2 * stride], m3 = m[3 * stride];
    if (SIDE == 2) {
        t[0] = m0 + m1 + m2;
        t[target_stride] = m1 - m2 - m3;
    } else {
        const vector8 m4 = m[4 * stride], m5 = m[5 * stride];
        const vector8 near_sum = m1 + m2, near = m1 - m2, far_sum = m3 + m4, far = m3 - m4;
        t[0] = m0 + near_sum + far_sum;
        t[target_stride] = near + 2 * far;
        t[2 * target_stride] = near_sum + 4 * far_sum;
        t[3 * target_stride] = near + 8 * far + m5;
    }
}

#define SUFFIX least
#define TARGET NARROW_TARGET
#define VECTOR vector8
#define WIDTH 8
#define VECTORS 1
#define ROWS 12
#define SPREAD SPREAD8
#include "multiply_kernel.h"
#include "no_width.h"

#define SUFFIX single
#define TARGET WIDE_TARGET
#define VECTOR vector16
#define WIDTH 16
#define VECTORS 1
#define ROWS 12
#define SPREAD SPREAD16
#include "multiply_kernel.h"
#include "no_width.h"

#define KERNEL "winograd_kernel.h"
#include "widths.h"

void ck_winograd_run(const ck_winograd *work, int threads) {
    // By side, storage and width.
    static void (*const parts[2][2][2])(void *) = {
        {{run_part_2_narrow, run_part_2_wide}, {run_part_2_bfloat_narrow, run_part_2_bfloat_wide}},
        {{run_part_4_narrow, run_part_4_wide}, {run_part_4_bfloat_narrow, run_part_4_bfloat_wide}}};
    units u = units_of(work, threads);
    void (*run_part)(void *) = parts[work->side == 4][work->map.storage == ck_bf16][work->is_wide != 0];
    in_parallel(run_part, &u, (int)team(&u, threads));
}
