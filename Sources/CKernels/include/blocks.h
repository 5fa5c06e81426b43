// Weights in the order that kernels read them in.
#ifndef CKERNELS_BLOCKS_H
#define CKERNELS_BLOCKS_H

#include <stdint.h>

enum { ck_blocks_rank = 8 };

/// How the binary32 numbers of an array lie in memory that they are copied from and to.
typedef struct ck_blocks {
    /// At most `ck_blocks_rank`.
    int64_t rank;
    int64_t sizes[ck_blocks_rank];
    /// Floats between neighbours along each axis.
    int64_t source[ck_blocks_rank];
    /// The same, but along `axis` between its blocks.
    int64_t target[ck_blocks_rank];
    /// The axis of which so many neighbours lie next to one another in the target: blocks, of which the last is filled up
    /// with zeros. An axis of -1, or a block of 1, is none.
    int64_t axis, block;
} ck_blocks;

/// Copies the numbers.
///
/// - Parameter source: need not be aligned.
void ck_pack(const ck_blocks *blocks, const void *source, float *target);

#endif
