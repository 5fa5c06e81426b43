// Convolutions with kernels of 3x3 in fewer multiplications.
#ifndef CKERNELS_WINOGRAD_H
#define CKERNELS_WINOGRAD_H

#include "convolution.h"

/// A convolution with a kernel of 3x3 and a stride of 1 by Winograd's minimal filtering F(2x2, 3x3) or F(4x4, 3x3) (Lavin and Gray, "Fast
/// Algorithms for Convolutional Neural Networks", 2016): for each square of 2x2 outputs, the 4x4 inputs and the kernel are transformed,
/// multiplied element by element and summed over the channels, and transformed back, with 16 multiplications in place of 36. For
/// 4x4 outputs there are 36 in place of 144, but sums of numbers of different sizes: results are right to about 17 bits of the
/// largest number in the square.
///
/// An output is computed in an order that depends on its place in its square and on the number of input channels alone: whatever
/// the number of threads and, in squares of 2x2, the size of the map, it is the same to the bit. In squares of 4x4 it also depends on
/// inputs that cancel out, which the end of a map cuts off.
///
/// Where an input is infinite, differences of it are no numbers, and so may be the outputs of a square, which a rectifier makes 0.
typedef struct ck_winograd {
    ck_convolution map;
    /// Outputs of a square along each side: 2 or 4.
    int64_t side;
    /// From 0 to less than `side`: where in their square the first row and the first column of outputs are.
    int64_t phase_y, phase_x;
    /// Whether the processor has AVX-512; else it must have AVX2 and FMA.
    int is_wide;
} ck_winograd;

/// The number of floats that packed weights take.
int64_t ck_winograd_weight_count(int64_t outputs, int64_t channels, int64_t side, int is_wide);

/// Transforms weights [outputs, channels, 3, 3], which need not be aligned: U = G g Gᵀ in double precision.
void ck_winograd_pack(
    const void *weights, float *packed, int64_t outputs, int64_t channels, int64_t side, int is_wide);

/// The bytes of memory that a run on so many threads takes, whatever the addresses.
int64_t ck_winograd_scratch(const ck_winograd *work, int64_t threads);

void ck_winograd_run(const ck_winograd *work, int threads);

#endif
