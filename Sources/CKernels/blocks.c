#include "blocks.h"

#include <string.h>

typedef float vector4 __attribute__((vector_size(16), aligned(4)));
typedef float vector4_anywhere __attribute__((vector_size(16), aligned(1)));

/// Floats of a line of the cache.
enum { line = 16 };

/// Numbers of an array of two axes: of the blocks, and another one that is contiguous in the source.
typedef struct plane {
    int64_t rows, columns;
    /// Bytes between rows in the source.
    int64_t row_distance;
    /// Floats between columns, and between blocks of rows, in the target.
    int64_t column_distance, block_distance;
    int64_t block;
} plane;

static float number_at(const char *place) {
    float number;
    memcpy(&number, place, sizeof number);
    return number;
}

/// Four columns of up to four rows become rows.
static inline void transpose(
    const char *source, int64_t distance, int64_t rows, float *target, int64_t target_distance) {
    vector4 r[4];
    for (int i = 0; i < 4; i++) r[i] = i < rows ? *(const vector4_anywhere *)(source + i * distance) : (vector4){0};
    const vector4 low01 = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5);
    const vector4 high01 = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
    const vector4 low23 = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
    const vector4 high23 = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
    *(vector4 *)target = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
    *(vector4 *)(target + target_distance) = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
    *(vector4 *)(target + 2 * target_distance) = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
    *(vector4 *)(target + 3 * target_distance) = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
}

/// A block of rows, some of its columns.
static void pack_rows(const plane *p, const char *source, float *target, int64_t rows, int64_t columns) {
    const int64_t vectors = p->block % 4 == 0 ? columns / 4 * 4 : 0;
    for (int64_t r = 0; r < p->block && vectors > 0; r += 4) {
        // Rows that fill a block up are not in the source.
        const char *row = r < rows ? source + r * p->row_distance : source;
        for (int64_t c = 0; c < vectors; c += 4) {
            transpose(
                row + c * 4, p->row_distance, rows - r, target + c * p->column_distance + r, p->column_distance);
        }
    }
    for (int64_t c = vectors; c < columns; c++) {
        float *column = target + c * p->column_distance;
        for (int64_t r = 0; r < rows; r++) column[r] = number_at(source + r * p->row_distance + c * 4);
        for (int64_t r = rows; r < p->block; r++) column[r] = 0;
    }
}

static void pack_plane(const plane *p, const char *source, float *target) {
    for (int64_t row = 0; row < p->rows; row += p->block) {
        const int64_t rows = p->rows - row < p->block ? p->rows - row : p->block;
        // What is read of a line at a time is all of it.
        for (int64_t column = 0; column < p->columns; column += line) {
            const int64_t columns = p->columns - column < line ? p->columns - column : line;
            pack_rows(
                p, source + row * p->row_distance + column * 4,
                target + row / p->block * p->block_distance + column * p->column_distance, rows, columns);
        }
    }
}

/// The same array with neighbouring axes that both sides go through as one made one.
static ck_blocks merged(const ck_blocks *blocks) {
    ck_blocks m = {.axis = -1, .block = blocks->block};
    for (int64_t d = 0; d < blocks->rank; d++) {
        const int64_t last = m.rank - 1;
        const int is_blocked = d == blocks->axis;
        if (blocks->sizes[d] == 1 && !is_blocked) continue;
        if (last >= 0 && !is_blocked && last != m.axis && m.source[last] == blocks->sizes[d] * blocks->source[d]
            && m.target[last] == blocks->sizes[d] * blocks->target[d]) {
            m.sizes[last] *= blocks->sizes[d];
            m.source[last] = blocks->source[d];
            m.target[last] = blocks->target[d];
            continue;
        }
        if (is_blocked) m.axis = m.rank;
        m.sizes[m.rank] = blocks->sizes[d];
        m.source[m.rank] = blocks->source[d];
        m.target[m.rank++] = blocks->target[d];
    }
    return m;
}

void ck_pack(const ck_blocks *blocks, const void *source, float *target) {
    ck_blocks m = merged(blocks);
    for (int64_t d = 0; d < m.rank; d++) {
        if (m.sizes[d] == 0) return;
        // An axis that is contiguous in the target is one block.
        if (m.axis < 0 && m.target[d] == 1 && m.source[d] != 1) {
            m.axis = d;
            m.block = m.sizes[d];
        }
    }
    // The axis that is contiguous in the source; none if that is the one in blocks.
    int64_t run = -1;
    for (int64_t d = 0; d < m.rank; d++) {
        if (d != m.axis && m.source[d] == 1) run = d;
    }
    plane p = {.rows = 1, .columns = 1, .block = m.axis < 0 ? 1 : m.block};
    if (m.axis >= 0) {
        p.rows = m.sizes[m.axis];
        p.row_distance = m.source[m.axis] * 4;
        p.block_distance = m.target[m.axis];
    }
    if (run >= 0) {
        p.columns = m.sizes[run];
        p.column_distance = m.target[run];
    }
    int64_t place[ck_blocks_rank] = {0}, from = 0, to = 0;
    while (1) {
        pack_plane(&p, (const char *)source + from * 4, target + to);
        // The next place along the other axes.
        int64_t d = m.rank - 1;
        for (; d >= 0; d--) {
            if (d == m.axis || d == run) continue;
            from += m.source[d];
            to += m.target[d];
            if (++place[d] < m.sizes[d]) break;
            from -= m.source[d] * m.sizes[d];
            to -= m.target[d] * m.sizes[d];
            place[d] = 0;
        }
        if (d < 0) return;
    }
}
