// Convolutions whose every channel has a kernel of its own.
#ifndef CKERNELS_DEPTHWISE_H
#define CKERNELS_DEPTHWISE_H

#include "convolution.h"

/// A depthwise convolution: as many outputs as channels, output c is computed of channel c alone. Maps lie in blocks of 8 channels, so
/// that `source_pixel` and `target_pixel` are 8, and are stored as binary32 numbers.
///
/// An output is computed in an order that depends on the kernel alone, first the bias, then the products by rows: whatever the size of the
/// map and the number of threads, it is the same to the bit.
typedef struct ck_depthwise {
    ck_convolution map;
    /// Of the square kernel: 3 or 5.
    int64_t kernel;
    int64_t stride_y;
    /// 1 or 2.
    int64_t stride_x;
} ck_depthwise;

/// The number of floats that packed weights take.
int64_t ck_depthwise_weight_count(int64_t channels, int64_t kernel);

/// Brings weights [channels, 1, kernel, kernel], which need not be aligned, into blocks of 8 channels.
void ck_depthwise_pack(const void *weights, float *packed, int64_t channels, int64_t kernel);

void ck_depthwise_run(const ck_depthwise *work, int threads);

#endif
