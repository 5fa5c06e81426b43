// Products of matrices for panels of VECTORS vectors of VECTOR, WIDTH floats, and up to ROWS rows at a time, with
// TARGET's instructions; names end in SUFFIX.

/// Sums of products for COUNT rows of inputs, which are `stride` floats apart, and a panel of outputs:
/// sums[s][o] = Σ over the channels c of inputs[s][c] · weights[c][o], added to what is there unless it begins.
#define MULTIPLY(COUNT)                                                                                                \
    TARGET static void JOIN(NAMED(multiply), COUNT)(                                                                   \
        const float *inputs, int64_t stride, const float *weights, int64_t channels, float *sums, int begins) {        \
        VECTOR sum[COUNT * VECTORS];                                                                                   \
        UNROLL for (int i = 0; i < COUNT * VECTORS; i++)                                                               \
            sum[i] = begins ? (VECTOR)SPREAD(0) : *(const VECTOR *)(sums + i * WIDTH);                                 \
        for (int64_t c = 0; c < channels; c++) {                                                                       \
            VECTOR weight[VECTORS];                                                                                    \
            UNROLL for (int v = 0; v < VECTORS; v++)                                                                   \
                weight[v] = *(const VECTOR *)(weights + (c * VECTORS + v) * WIDTH);                                    \
            UNROLL for (int s = 0; s < COUNT; s++) {                                                                   \
                const float input = inputs[s * stride + c];                                                            \
                const VECTOR spread = SPREAD(input);                                                                   \
                UNROLL for (int v = 0; v < VECTORS; v++) sum[s * VECTORS + v] += spread * weight[v];                   \
            }                                                                                                          \
        }                                                                                                              \
        UNROLL for (int i = 0; i < COUNT * VECTORS; i++) *(VECTOR *)(sums + i * WIDTH) = sum[i];                       \
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

/// The same for any number of rows. A sum is made in the order of the channels, whatever that number.
static void NAMED(multiply)(
    const float *inputs, int64_t stride, const float *weights, int64_t channels, float *sums, int64_t count,
    int begins) {
#define CALL(COUNT)                                                                                                    \
    case COUNT: JOIN(NAMED(multiply), COUNT)(inputs, stride, weights, channels, sums, begins); break
    for (; count > 0; count -= ROWS, inputs += ROWS * stride, sums += ROWS * VECTORS * WIDTH) {
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
