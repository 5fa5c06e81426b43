// What kernels of convolutions have in common.
#ifndef CKERNELS_CONVOLUTION_H
#define CKERNELS_CONVOLUTION_H

#include <stdint.h>

/// A function of each element of a result.
typedef enum ck_function {
    ck_identity,
    /// What is not above 0 is multiplied by `alpha`. For `alpha` 0, what is no number becomes 0, as in oneDNN's kernels.
    ck_rectify,
    /// To at least `alpha`, then to at most `beta`. What is no number becomes `alpha`, as in oneDNN's kernels.
    ck_clip,
} ck_function;

/// The numbers that results are rounded to, ties to the even one.
typedef enum ck_precision {
    ck_f32,
    ck_bf16,
    ck_f16,
} ck_precision;

/// What is done with a convolution's sums before they are stored, in this order.
typedef struct ck_ending {
    /// One for each output, up to the end of the last group of 8, or NULL.
    const float *bias;
    /// Is added to the result; it lies and is stored as the target, which it may be. NULL for none.
    const void *residual;
    ck_function function;
    float alpha, beta;
    ck_precision precision;
} ck_ending;

/// The maps of a convolution. They lie in memory by groups of 8 channels, which are neighbours: element (channel, y, x) of a picture is at
/// channel / 8 · group + (y · width + x) · pixel + channel % 8. The last group is whole, with zeros for channels that are none. Pictures
/// follow one another without gaps.
typedef struct ck_convolution {
    /// [batch, channels, height, width].
    const void *source;
    /// [batch, outputs, out_height, out_width].
    void *target;
    /// How the elements of maps are stored: as binary32 numbers whatever they are rounded to, or as bfloat16 numbers, to which results
    /// are rounded then.
    ck_precision storage;
    /// As the kernel's own function packs them.
    const float *weights;
    /// As many bytes as the kernel's own function says; not read if there is none.
    float *scratch;
    int64_t batch, channels, outputs;
    int64_t height, width, out_height, out_width;
    /// Zeros above and left of the source; negative for rows and columns of it that are left out.
    int64_t padding_y, padding_x;
    int64_t source_group, source_pixel, target_group, target_pixel;
    ck_ending ending;
} ck_convolution;

#endif
