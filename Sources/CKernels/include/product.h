// Products of rows of numbers with a matrix: linear layers.
#ifndef CKERNELS_PRODUCT_H
#define CKERNELS_PRODUCT_H

#include "convolution.h"

/// A convolution of one pixel: `map.batch` rows of `map.channels` features become rows of `map.outputs`, without gaps.
///
/// A result is computed in the order of the features, whatever the number of rows, of outputs and of threads. For few rows it takes as
/// long as the weights take to come from memory, in the order in which they lie there.
typedef struct ck_product {
    ck_convolution map;
    /// Of the weights. Those of ck_bf16 or ck_f16 take 16 bits each, and are for few rows. Maps are stored as binary32 numbers beside
    /// those of ck_f32 and of ck_f16.
    ck_precision precision;
    /// For weights of ck_f32: whether the processor has AVX-512. It must have AVX2, FMA and F16C.
    int is_wide;
} ck_product;

/// The number of floats that have room for packed weights. Of a work, only what does not depend on the rows counts.
int64_t ck_product_weight_count(const ck_product *work);

/// Packs weights [outputs, channels], which need not be aligned, rounded to the work's precision.
void ck_product_pack(const ck_product *work, const void *weights, float *packed);

void ck_product_run(const ck_product *work, int threads);

#endif
