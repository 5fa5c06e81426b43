#include "winograd.h"

#include "vectors.h"

#include <string.h>

/// Outputs whose sums are computed together, in two vectors.
enum { narrow_panel = 16, wide_panel = 32 };

static int64_t panel_of(int is_wide) { return is_wide ? wide_panel : narrow_panel; }

int64_t ck_winograd_weight_count(int64_t outputs, int64_t channels, int is_wide) {
    return round_up(outputs, panel_of(is_wide)) * round_up(channels, 8) * 16;
}

/// [a, b, c] -> [a, (a + b + c) / 2, (a - b + c) / 2, c].
static void transform_three(double a, double b, double c, double *result) {
    result[0] = a;
    result[1] = (a + b + c) / 2;
    result[2] = (a - b + c) / 2;
    result[3] = c;
}

void ck_winograd_pack(const float *weights, float *packed, int64_t outputs, int64_t channels, int is_wide) {
    const int64_t panel = panel_of(is_wide), all = round_up(channels, 8);
    memset(packed, 0, sizeof(float) * (size_t)ck_winograd_weight_count(outputs, channels, is_wide));
    // Outputs of a panel are neighbours in memory, and channels follow one another.
    for (int64_t index = 0; index < round_up(outputs, panel) * channels; index++) {
        const int64_t output = index / (panel * channels) * panel + index % panel, channel = index / panel % channels;
        if (output >= outputs) continue;
        const float *g = weights + (output * channels + channel) * 9;
        double columns[3][4], rows[4][4];
        for (int x = 0; x < 3; x++) transform_three(g[x], g[3 + x], g[6 + x], columns[x]);
        for (int y = 0; y < 4; y++) transform_three(columns[0][y], columns[1][y], columns[2][y], rows[y]);
        // [panels, place in the square, channels, panel]
        float *target = packed + (output / panel * 16 * all + channel) * panel + output % panel;
        for (int place = 0; place < 16; place++) target[place * all * panel] = (float)rows[place / 4][place % 4];
    }
}

/// How the work falls into units: a block of squares, and of the panels one of so many groups.
typedef struct units {
    const ck_winograd *work;
    /// Input channels, filled up.
    int64_t channels;
    int64_t rows, columns, squares, panels, block, blocks, groups;
    /// Floats between the same numbers of two places in a square. An odd number of lines apart, they do not contend for one part of
    /// the cache.
    int64_t inputs_stride, sums_stride;
    int64_t floats_per_thread;
} units;

static units units_of(const ck_winograd *work, int64_t threads) {
    const ck_convolution *m = &work->map;
    const int64_t panel = panel_of(work->is_wide);
    units u = {.work = work, .channels = round_up(m->channels, 8)};
    u.rows = (m->out_height + work->phase_y + 1) / 2;
    u.columns = (m->out_width + work->phase_x + 1) / 2;
    u.squares = m->batch * u.rows * u.columns;
    u.panels = round_up(m->outputs, panel) / panel;
    // Squares that a thread works on at a time: those of wide layers share the weights, which do not fit in a cache, those of narrow ones
    // stay in one themselves.
    u.block = u.channels <= 128 ? 36 : 72;
    if (u.block > u.squares) u.block = u.squares;
    u.blocks = (u.squares + u.block - 1) / u.block;
    // A few units for each thread, or the last one would be waited for. Transforming the same inputs for each group costs little
    // beside the products.
    u.groups = 1;
    while (threads > 1 && u.blocks * u.groups < 4 * threads && 2 * u.groups <= u.panels) u.groups *= 2;
    u.inputs_stride = round_up(u.block * u.channels, 32) + 16;
    u.sums_stride = u.block * panel + 16;
    u.floats_per_thread = round_up(16 * (u.inputs_stride + u.sums_stride), 32);
    return u;
}

static int64_t team(const units *u, int64_t threads) {
    return u->blocks * u->groups < threads ? u->blocks * u->groups : threads;
}

int64_t ck_winograd_scratch(const ck_winograd *work, int64_t threads) {
    const units u = units_of(work, threads);
    return team(&u, threads) * u.floats_per_thread * (int64_t)sizeof(float);
}

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define NAMED(name) JOIN(name, SUFFIX)

#define SUFFIX narrow
#define TARGET NARROW_TARGET
#define VECTOR vector8
#define WIDTH 8
#define ROWS 6
#define SPREAD SPREAD8
#include "winograd_kernel.h"
#undef SUFFIX
#undef TARGET
#undef VECTOR
#undef WIDTH
#undef ROWS
#undef SPREAD

#define SUFFIX wide
#define TARGET WIDE_TARGET
#define VECTOR vector16
#define WIDTH 16
#define ROWS 12
#define SPREAD(x) {x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}
#include "winograd_kernel.h"

void ck_winograd_run(const ck_winograd *work, int threads) {
    units u = units_of(work, threads);
    GOMP_parallel(work->is_wide ? run_part_wide : run_part_narrow, &u, (unsigned)team(&u, threads), 0);
}
