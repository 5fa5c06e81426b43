// The part of winograd.c that is compiled for vectors of VECTOR, WIDTH floats, with TARGET's instructions; names end in SUFFIX.

/// Sums of products for COUNT squares and a panel of outputs: sums[s][o] = Σ over the channels c of inputs[s][c] · weights[c][o].
#define MULTIPLY(COUNT)                                                                                                \
    TARGET static void JOIN(NAMED(multiply), COUNT)(                                                                   \
        const float *inputs, const float *weights, int64_t channels, float *sums) {                                    \
        VECTOR sum[COUNT][2];                                                                                          \
        for (int s = 0; s < COUNT; s++) sum[s][0] = sum[s][1] = (VECTOR)SPREAD(0);                                     \
        for (int64_t c = 0; c < channels; c++) {                                                                       \
            const VECTOR first = *(const VECTOR *)(weights + c * 2 * WIDTH);                                           \
            const VECTOR second = *(const VECTOR *)(weights + c * 2 * WIDTH + WIDTH);                                  \
            _Pragma("clang loop unroll(full)") for (int s = 0; s < COUNT; s++) {                                       \
                const float input = inputs[s * channels + c];                                                          \
                const VECTOR spread = SPREAD(input);                                                                   \
                sum[s][0] += spread * first;                                                                           \
                sum[s][1] += spread * second;                                                                          \
            }                                                                                                          \
        }                                                                                                              \
        for (int s = 0; s < COUNT; s++) {                                                                              \
            *(VECTOR *)(sums + s * 2 * WIDTH) = sum[s][0];                                                             \
            *(VECTOR *)(sums + s * 2 * WIDTH + WIDTH) = sum[s][1];                                                     \
        }                                                                                                              \
    }
MULTIPLY(1)
MULTIPLY(2)
MULTIPLY(3)
MULTIPLY(4)
MULTIPLY(5)
MULTIPLY(6)
#if ROWS > 6
MULTIPLY(7)
MULTIPLY(8)
MULTIPLY(9)
MULTIPLY(10)
MULTIPLY(11)
MULTIPLY(12)
#endif
#undef MULTIPLY

/// The same for any number of squares.
static void NAMED(multiply)(const float *inputs, const float *weights, int64_t channels, float *sums, int64_t count) {
#define CALL(COUNT)                                                                                                    \
    case COUNT: JOIN(NAMED(multiply), COUNT)(inputs, weights, channels, sums); break
    for (; count > 0; count -= ROWS, inputs += ROWS * channels, sums += ROWS * 2 * WIDTH) {
        switch (count < ROWS ? count : ROWS) {
            CALL(1);
            CALL(2);
            CALL(3);
            CALL(4);
            CALL(5);
            CALL(6);
#if ROWS > 6
            CALL(7);
            CALL(8);
            CALL(9);
            CALL(10);
            CALL(11);
            CALL(12);
#endif
        }
    }
#undef CALL
}

/// V = Bᵀ d B for the 4x4 inputs d of squares: inputs[place][square][channel].
TARGET static void NAMED(read_squares)(const units *u, int64_t first, int64_t count, float *inputs) {
    const ck_winograd *w = u->work;
    const int64_t stride = u->inputs_stride;
    for (int64_t square = first; square < first + count; square++) {
        const int64_t picture = square / (u->rows * u->columns), rest = square % (u->rows * u->columns);
        const int64_t y = rest / u->columns * 2 - w->phase_y - w->padding_y;
        const int64_t x = rest % u->columns * 2 - w->phase_x - w->padding_x;
        const int is_inside = y >= 0 && x >= 0 && y + 4 <= w->height && x + 4 <= w->width;
        const float *map = w->source + picture * u->channels * w->height * w->width;
        for (int64_t group = 0; group < u->channels / 8; group++) {
            const float *pixels = map + group * w->source_group;
            vector8 d[4][4], t[4][4];
            for (int a = 0; a < 4; a++) {
                for (int b = 0; b < 4; b++) {
                    const int64_t row = y + a, column = x + b;
                    const int is_pixel =
                        is_inside || (row >= 0 && row < w->height && column >= 0 && column < w->width);
                    d[a][b] = is_pixel
                                  ? *(const vector8 *)(pixels + (row * w->width + column) * w->source_pixel)
                                  : (vector8){0};
                }
            }
            for (int b = 0; b < 4; b++) {
                t[0][b] = d[0][b] - d[2][b];
                t[1][b] = d[1][b] + d[2][b];
                t[2][b] = d[2][b] - d[1][b];
                t[3][b] = d[1][b] - d[3][b];
            }
            float *target = inputs + (square - first) * u->channels + group * 8;
            for (int a = 0; a < 4; a++, target += 4 * stride) {
                *(vector8 *)target = t[a][0] - t[a][2];
                *(vector8 *)(target + stride) = t[a][1] + t[a][2];
                *(vector8 *)(target + 2 * stride) = t[a][2] - t[a][1];
                *(vector8 *)(target + 3 * stride) = t[a][1] - t[a][3];
            }
        }
    }
}

/// Aᵀ m A of the sums m of a panel, and what follows: the bias, the residual, the rectifier.
TARGET static void NAMED(write_squares)(
    const units *u, int64_t first, int64_t count, int64_t panel, const float *sums) {
    const ck_winograd *w = u->work;
    const int64_t stride = u->sums_stride;
    for (int64_t part = 0; part < 2 * WIDTH; part += 8) {
        const int64_t output = panel * 2 * WIDTH + part;
        if (output >= w->outputs) return;
        const vector8 bias = w->bias ? *(const vector8 *)(w->bias + output) : (vector8){0};
        for (int64_t square = first; square < first + count; square++) {
            const int64_t picture = square / (u->rows * u->columns), rest = square % (u->rows * u->columns);
            const int64_t y = rest / u->columns * 2 - w->phase_y, x = rest % u->columns * 2 - w->phase_x;
            const float *m = sums + (square - first) * 2 * WIDTH + part;
            vector8 t[2][4];
            for (int b = 0; b < 4; b++) {
                const vector8 m0 = *(const vector8 *)(m + b * stride), m1 = *(const vector8 *)(m + (4 + b) * stride);
                const vector8 m2 = *(const vector8 *)(m + (8 + b) * stride), m3 = *(const vector8 *)(m + (12 + b) * stride);
                t[0][b] = m0 + m1 + m2;
                t[1][b] = m1 - m2 - m3;
            }
            const int64_t map = picture * round_up(w->outputs, 8) * w->out_height * w->out_width + output / 8 * w->target_group;
            for (int a = 0; a < 2; a++) {
                if (y + a < 0 || y + a >= w->out_height) continue;
                const vector8 pair[2] = {t[a][0] + t[a][1] + t[a][2], t[a][1] - t[a][2] - t[a][3]};
                for (int b = 0; b < 2; b++) {
                    if (x + b < 0 || x + b >= w->out_width) continue;
                    const int64_t place = map + ((y + a) * w->out_width + x + b) * w->target_pixel;
                    vector8 value = pair[b] + bias;
                    if (w->residual) value += *(const vector8 *)(w->residual + place);
                    if (w->rectifies) {
                        // Without a slope, what is no number becomes 0, as in oneDNN's kernels.
                        const vector8 scaled = w->slope == 0 ? (vector8){0} : value * w->slope;
                        const mask8 is_positive = value > 0;
                        value = (vector8)(((mask8)value & is_positive) | ((mask8)scaled & ~is_positive));
                    }
                    *(vector8 *)(w->target + place) = value;
                }
            }
        }
    }
}

/// What one thread of a team does.
static void NAMED(run_part)(void *data) {
    const units *u = data;
    const ck_winograd *w = u->work;
    const int64_t thread = omp_get_thread_num(), threads = omp_get_num_threads();
    float *inputs = w->scratch + thread * u->floats_per_thread;
    float *sums = inputs + 16 * u->inputs_stride;
    const int64_t count = u->blocks * u->groups;
    int64_t read = -1;
    for (int64_t unit = count * thread / threads; unit < count * (thread + 1) / threads; unit++) {
        const int64_t first = unit / u->groups * u->block, group = unit % u->groups;
        const int64_t squares = u->squares - first < u->block ? u->squares - first : u->block;
        if (first != read) NAMED(read_squares)(u, first, squares, inputs);
        read = first;
        const int64_t end = u->panels * (group + 1) / u->groups;
        for (int64_t panel = u->panels * group / u->groups; panel < end; panel++) {
            for (int64_t place = 0; place < 16; place++) {
                const float *weights = w->weights + (panel * 16 + place) * u->channels * 2 * WIDTH;
                NAMED(multiply)(inputs + place * u->inputs_stride, weights, u->channels, sums + place * u->sums_stride, squares);
            }
            NAMED(write_squares)(u, first, squares, panel, sums);
        }
    }
}
