// Convolutions with kernels of 3x3 in fewer multiplications.
#ifndef CKERNELS_WINOGRAD_H
#define CKERNELS_WINOGRAD_H

#include <stdint.h>

/// A convolution with a kernel of 3x3 and a stride of 1 by Winograd's minimal filtering F(2x2, 3x3) (Lavin and Gray, "Fast Algorithms for
/// Convolutional Neural Networks", 2016): for each square of 2x2 outputs, the 4x4 inputs and the kernel are transformed, multiplied
/// element by element and summed over the channels, and transformed back, with 16 multiplications in place of 36.
///
/// An output is computed in an order that depends on its place in its square and on the number of input channels alone: whatever
/// the size of the map and the number of threads, it is the same to the bit.
///
/// Maps lie in memory by groups of 8 channels, which are neighbours: element (channel, y, x) of a picture is at
/// channel / 8 · group + (y · width + x) · pixel + channel % 8. The last group is whole, with zeros for channels that are none. Pictures
/// follow one another without gaps.
///
/// Where an input is infinite, differences of it are no numbers, and so may be the four outputs of a square, which a rectifier makes 0.
typedef struct ck_winograd {
    /// [batch, channels, height, width].
    const float *source;
    /// [batch, outputs, out_height, out_width], as `residual`.
    float *target;
    /// Is added to the result, before the rectifier; NULL for none. It may be the target.
    const float *residual;
    /// One for each output, up to the end of the last group, or NULL.
    const float *bias;
    /// As `ck_winograd_pack` makes them, for the same `is_wide`.
    const float *weights;
    /// `ck_winograd_scratch` bytes.
    float *scratch;
    int64_t batch, channels, outputs;
    int64_t height, width, out_height, out_width;
    /// Zeros above and left of the source; negative for rows and columns of it that are left out.
    int64_t padding_y, padding_x;
    /// 0 or 1: where in their square the first row and the first column of outputs are.
    int64_t phase_y, phase_x;
    int64_t source_group, source_pixel, target_group, target_pixel;
    /// Whether what is below 0 is multiplied by `slope`.
    int rectifies;
    float slope;
    /// Whether the processor has AVX-512; else it must have AVX2 and FMA.
    int is_wide;
} ck_winograd;

/// The number of floats that packed weights take.
int64_t ck_winograd_weight_count(int64_t outputs, int64_t channels, int is_wide);

/// Transforms weights [outputs, channels, 3, 3]: U = G g Gᵀ in double precision.
void ck_winograd_pack(const float *weights, float *packed, int64_t outputs, int64_t channels, int is_wide);

/// The bytes of memory that a run on so many threads takes, whatever the addresses.
int64_t ck_winograd_scratch(const ck_winograd *work, int64_t threads);

void ck_winograd_run(const ck_winograd *work, int threads);

#endif
