// Kernels that do the same with every element, which oneDNN has nothing for, or only what is slow or rounds otherwise.
#ifndef CKERNELS_ELEMENTS_H
#define CKERNELS_ELEMENTS_H

#include "convolution.h"

/// Rounds elements in place to the nearest number of a precision, ties to the even one. In binary16, what is 65520 or more
/// becomes infinite.
void ck_round(float *elements, int64_t count, ck_precision precision, int threads);

/// Numbers and the integers that stand for them, one way or the other: integer = x / scale, rounded half to even, + zero point,
/// between low and high. oneDNN's reorders multiply by 1 / scale instead, which may round to another integer.
typedef struct ck_quantization {
    float *numbers;
    uint8_t *integers;
    int64_t count;
    float scale;
    int32_t zero_point, low, high;
    /// Whether integers are of i8 rather than of u8.
    int is_signed;
} ck_quantization;

/// Makes integers of numbers. What is not a number becomes the zero point.
void ck_quantize(const ck_quantization *work, int threads);
/// Makes numbers of integers.
void ck_dequantize(const ck_quantization *work, int threads);

/// Integers of i8 as those of u8 that are 128 larger, and the other way round.
void ck_shift_bytes(const uint8_t *source, uint8_t *target, int64_t count);

/// Rounding to multiples of `step` from `low` to `high` of them while a network is trained for integers of a few bits.
typedef struct ck_fake_quantization {
    const float *numbers;
    /// NULL on the way forward.
    const float *gradient;
    float *result;
    int64_t count;
    float step, low, high;
    /// On the way back: two sums for each block, which add up to the gradient of the step by what is between the limits,
    /// and by what is beyond them.
    double *sums;
} ck_fake_quantization;

/// Elements whose sums are added up by themselves, so that sums do not depend on the number of threads.
enum { CK_SUM_BLOCK = 4096 };

/// `FakeQuantize`, forwards or, with a gradient, backwards.
void ck_fake_quantize(const ck_fake_quantization *work, int threads);

#endif
