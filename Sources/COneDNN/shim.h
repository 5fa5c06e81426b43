// The only place that sees oneDNN's C API, so that the difference between its versions stays here.
// Every function returns oneDNN's status (0 is success); what it creates, the caller destroys.
#pragma once
#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>
#include <string.h>

#if DNNL_VERSION_MAJOR != 2
#error "This shim is written for oneDNN 2.x"
#endif

/// Sets the number of OpenMP threads that parallel regions started by the calling thread use.
extern void omp_set_num_threads(int count);

// Memory descriptors ---------------------------------------------------------------------------------------------------

typedef dnnl_memory_desc_t *onednn_desc_t;

static inline void onednn_desc_destroy(onednn_desc_t desc) { free(desc); }

static inline dnnl_status_t onednn_desc_allocate(onednn_desc_t *out) {
    *out = (onednn_desc_t)calloc(1, sizeof(dnnl_memory_desc_t));
    return *out ? dnnl_success : dnnl_out_of_memory;
}

static inline dnnl_status_t onednn_desc_keep(onednn_desc_t *out, dnnl_status_t status) {
    if (status != dnnl_success) { free(*out); *out = NULL; }
    return status;
}

/// Elements `strides` apart; NULL means dense and row-major.
static inline dnnl_status_t onednn_desc_create(
    onednn_desc_t *out, int rank, const int64_t *dims, dnnl_data_type_t type, const int64_t *strides) {
    dnnl_status_t status = onednn_desc_allocate(out);
    if (status != dnnl_success) return status;
    return onednn_desc_keep(out, dnnl_memory_desc_init_by_strides(*out, rank, dims, type, strides));
}

/// A layout that the primitive may choose.
static inline dnnl_status_t onednn_desc_create_any(
    onednn_desc_t *out, int rank, const int64_t *dims, dnnl_data_type_t type) {
    dnnl_status_t status = onednn_desc_allocate(out);
    if (status != dnnl_success) return status;
    return onednn_desc_keep(out, dnnl_memory_desc_init_by_tag(*out, rank, dims, type, dnnl_format_tag_any));
}

/// A box inside `parent`, sharing its memory.
static inline dnnl_status_t onednn_desc_create_box(
    onednn_desc_t *out, const dnnl_memory_desc_t *parent, const int64_t *dims, const int64_t *offsets) {
    dnnl_status_t status = onednn_desc_allocate(out);
    if (status != dnnl_success) return status;
    return onednn_desc_keep(out, dnnl_memory_desc_init_submemory(*out, parent, dims, offsets));
}

/// Every `steps[d]`-th element of `parent` from `offsets[d]` on, `dims[d]` in all, sharing its memory. Axes that blocks cut
/// must be taken whole.
static inline dnnl_status_t onednn_desc_create_steps(
    onednn_desc_t *out, const dnnl_memory_desc_t *parent, const int64_t *dims, const int64_t *offsets,
    const int64_t *steps) {
    if (parent->format_kind != dnnl_blocked) return dnnl_unimplemented;
    dnnl_status_t status = onednn_desc_allocate(out);
    if (status != dnnl_success) return status;
    dnnl_memory_desc_t *desc = *out;
    *desc = *parent;
    for (int d = 0; d < desc->ndims; d++) {
        if (dims[d] == parent->dims[d] && steps[d] == 1) continue;
        desc->offset0 += offsets[d] * parent->format_desc.blocking.strides[d];
        desc->format_desc.blocking.strides[d] *= steps[d];
        desc->dims[d] = desc->padded_dims[d] = dims[d];
    }
    return dnnl_success;
}

/// Other sizes in the same order of axes and with the same inner blocks as `model`.
static inline dnnl_status_t onednn_desc_create_like(
    onednn_desc_t *out, const dnnl_memory_desc_t *model, const int64_t *dims) {
    if (model->format_kind != dnnl_blocked) return dnnl_unimplemented;
    dnnl_status_t status = onednn_desc_allocate(out);
    if (status != dnnl_success) return status;
    dnnl_memory_desc_t *desc = *out;
    const int rank = model->ndims;
    const dnnl_blocking_desc_t *blocking = &model->format_desc.blocking;
    desc->ndims = rank;
    desc->data_type = model->data_type;
    desc->format_kind = dnnl_blocked;
    desc->format_desc.blocking = *blocking;
    int64_t block[DNNL_MAX_NDIMS], inner = 1;
    int order[DNNL_MAX_NDIMS];
    for (int d = 0; d < rank; d++) { block[d] = 1; order[d] = d; }
    for (int b = 0; b < blocking->inner_nblks; b++) {
        block[blocking->inner_idxs[b]] *= blocking->inner_blks[b];
        inner *= blocking->inner_blks[b];
    }
    // Axes from the outermost to the innermost, as in the model; equal strides keep the order of the axes.
    for (int i = 1; i < rank; i++)
        for (int j = i; j > 0 && blocking->strides[order[j]] > blocking->strides[order[j - 1]]; j--) {
            int swap = order[j]; order[j] = order[j - 1]; order[j - 1] = swap;
        }
    int64_t stride = inner;
    for (int i = rank - 1; i >= 0; i--) {
        const int d = order[i];
        desc->dims[d] = dims[d];
        desc->padded_dims[d] = (dims[d] + block[d] - 1) / block[d] * block[d];
        desc->format_desc.blocking.strides[d] = stride;
        stride *= desc->padded_dims[d] / block[d];
    }
    return dnnl_success;
}

static inline int onednn_desc_equal(const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b) {
    return dnnl_memory_desc_equal(a, b);
}

static inline size_t onednn_desc_size(const dnnl_memory_desc_t *desc) { return dnnl_memory_desc_get_size(desc); }

// Primitive descriptors ------------------------------------------------------------------------------------------------

static inline dnnl_status_t onednn_query_desc(
    onednn_desc_t *out, const_dnnl_primitive_desc_t primitive, dnnl_query_t what, int index) {
    const dnnl_memory_desc_t *found = dnnl_primitive_desc_query_md(primitive, what, index);
    if (!found) return dnnl_invalid_arguments;
    dnnl_status_t status = onednn_desc_allocate(out);
    if (status == dnnl_success) **out = *found;
    return status;
}

static inline const char *onednn_implementation(const_dnnl_primitive_desc_t primitive) {
    const char *name = NULL;
    dnnl_primitive_desc_query(primitive, dnnl_query_impl_info_str, 0, &name);
    return name ? name : "";
}

/// Whether `name` contains one of the words in `avoided`, which commas separate.
static inline int onednn_is_avoided(const char *name, const char *avoided) {
    char word[32];
    while (avoided && *avoided) {
        const size_t length = strcspn(avoided, ",");
        if (length > 0 && length < sizeof word) {
            memcpy(word, avoided, length);
            word[length] = 0;
            if (strstr(name, word)) return 1;
        }
        avoided += length + (avoided[length] == ',');
    }
    return 0;
}

/// The first implementation whose name contains none of the words in `avoided`, or the first of all if there is no other.
static inline dnnl_status_t onednn_choose(
    dnnl_primitive_desc_t *out, const_dnnl_op_desc_t operation, dnnl_engine_t engine, const char *avoided) {
    dnnl_primitive_desc_iterator_t iterator;
    dnnl_status_t status = dnnl_primitive_desc_iterator_create(&iterator, operation, NULL, engine, NULL);
    if (status != dnnl_success) return status;
    *out = NULL;
    do {
        dnnl_primitive_desc_t candidate = dnnl_primitive_desc_iterator_fetch(iterator);
        if (!candidate) break;
        if (!onednn_is_avoided(onednn_implementation(candidate), avoided)) {
            if (*out) dnnl_primitive_desc_destroy(*out);
            *out = candidate;
            break;
        }
        if (*out) dnnl_primitive_desc_destroy(candidate);
        else *out = candidate;
    } while (dnnl_primitive_desc_iterator_next(iterator) == dnnl_success);
    dnnl_primitive_desc_iterator_destroy(iterator);
    return *out ? dnnl_success : dnnl_unimplemented;
}

static inline dnnl_status_t onednn_convolution(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *destination,
    const int64_t *strides, const int64_t *dilations, const int64_t *before, const int64_t *after,
    const char *avoided) {
    dnnl_convolution_desc_t operation;
    dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
        &operation, dnnl_forward_inference, dnnl_convolution_direct, source, weights, bias, destination, strides,
        dilations, before, after);
    return status == dnnl_success ? onednn_choose(out, &operation, engine, avoided) : status;
}

static inline dnnl_status_t onednn_pooling(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t kind, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *destination, const int64_t *strides, const int64_t *kernel, const int64_t *dilations,
    const int64_t *before, const int64_t *after) {
    dnnl_pooling_v2_desc_t operation;
    dnnl_status_t status = dnnl_pooling_v2_forward_desc_init(
        &operation, dnnl_forward_inference, kind, source, destination, strides, kernel, dilations, before, after);
    return status == dnnl_success ? onednn_choose(out, &operation, engine, NULL) : status;
}

static inline dnnl_status_t onednn_eltwise(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t kind, const dnnl_memory_desc_t *data,
    float alpha, float beta) {
    dnnl_eltwise_desc_t operation;
    dnnl_status_t status =
        dnnl_eltwise_forward_desc_init(&operation, dnnl_forward_inference, kind, data, alpha, beta);
    return status == dnnl_success ? onednn_choose(out, &operation, engine, NULL) : status;
}

static inline dnnl_status_t onednn_prelu(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *data,
    const dnnl_memory_desc_t *slopes) {
    dnnl_prelu_desc_t operation;
    dnnl_status_t status = dnnl_prelu_forward_desc_init(&operation, dnnl_forward_inference, data, slopes);
    return status == dnnl_success ? onednn_choose(out, &operation, engine, NULL) : status;
}

static inline dnnl_status_t onednn_binary(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t kind, const dnnl_memory_desc_t *first,
    const dnnl_memory_desc_t *second, const dnnl_memory_desc_t *destination) {
    dnnl_binary_desc_t operation;
    dnnl_status_t status = dnnl_binary_desc_init(&operation, kind, first, second, destination);
    return status == dnnl_success ? onednn_choose(out, &operation, engine, NULL) : status;
}

static inline dnnl_status_t onednn_inner_product(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *destination) {
    dnnl_inner_product_desc_t operation;
    dnnl_status_t status = dnnl_inner_product_forward_desc_init(
        &operation, dnnl_forward_inference, source, weights, bias, destination);
    return status == dnnl_success ? onednn_choose(out, &operation, engine, NULL) : status;
}

static inline dnnl_status_t onednn_softmax(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *data, int axis) {
    dnnl_softmax_desc_t operation;
    dnnl_status_t status = dnnl_softmax_forward_desc_init(&operation, dnnl_forward_inference, data, axis);
    return status == dnnl_success ? onednn_choose(out, &operation, engine, NULL) : status;
}

static inline dnnl_status_t onednn_logsoftmax(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *data, int axis) {
    dnnl_logsoftmax_desc_t operation;
    dnnl_status_t status = dnnl_logsoftmax_forward_desc_init(&operation, dnnl_forward_inference, data, axis);
    return status == dnnl_success ? onednn_choose(out, &operation, engine, NULL) : status;
}

/// Over the last axis of `data`, with a scale and a shift for each of its elements if `scales` and `shifts` are not 0.
static inline dnnl_status_t onednn_layer_normalization(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *data, float epsilon, int scales,
    int shifts) {
    dnnl_layer_normalization_desc_t operation;
    dnnl_status_t status = dnnl_layer_normalization_forward_desc_init(
        &operation, dnnl_forward_inference, data, NULL, epsilon,
        (scales ? dnnl_use_scale : 0) | (shifts ? dnnl_use_shift : 0));
    return status == dnnl_success ? onednn_choose(out, &operation, engine, NULL) : status;
}

/// Across channels.
static inline dnnl_status_t onednn_lrn(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *data, int64_t size, float alpha,
    float beta, float bias) {
    dnnl_lrn_desc_t operation;
    dnnl_status_t status = dnnl_lrn_forward_desc_init(
        &operation, dnnl_forward_inference, dnnl_lrn_across_channels, data, size, alpha, beta, bias);
    return status == dnnl_success ? onednn_choose(out, &operation, engine, NULL) : status;
}

/// `bias` may be NULL.
static inline dnnl_status_t onednn_matmul(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *destination) {
    dnnl_matmul_desc_t operation;
    dnnl_status_t status = dnnl_matmul_desc_init(&operation, source, weights, bias, destination);
    return status == dnnl_success ? onednn_choose(out, &operation, engine, NULL) : status;
}

/// The operands of a recurrent layer. What is not there, such as an initial state, is NULL.
typedef struct {
    const dnnl_memory_desc_t *source, *source_hidden, *source_cell;
    const dnnl_memory_desc_t *weights, *hidden_weights, *bias;
    const dnnl_memory_desc_t *destination, *destination_hidden, *destination_cell;
} onednn_recurrent_operands;

/// `kind` is dnnl_vanilla_lstm, dnnl_lbr_gru, or dnnl_vanilla_rnn with an `activation`.
static inline dnnl_status_t onednn_recurrent(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t kind, dnnl_alg_kind_t activation,
    dnnl_rnn_direction_t direction, onednn_recurrent_operands o) {
    dnnl_rnn_desc_t operation;
    dnnl_status_t status;
    if (kind == dnnl_vanilla_lstm)
        status = dnnl_lstm_forward_desc_init(
            &operation, dnnl_forward_inference, direction, o.source, o.source_hidden, o.source_cell, o.weights,
            o.hidden_weights, o.bias, o.destination, o.destination_hidden, o.destination_cell, 0);
    else if (kind == dnnl_lbr_gru)
        status = dnnl_lbr_gru_forward_desc_init(
            &operation, dnnl_forward_inference, direction, o.source, o.source_hidden, o.weights, o.hidden_weights,
            o.bias, o.destination, o.destination_hidden, 0);
    else
        status = dnnl_vanilla_rnn_forward_desc_init(
            &operation, dnnl_forward_inference, activation, direction, o.source, o.source_hidden, o.weights,
            o.hidden_weights, o.bias, o.destination, o.destination_hidden, 0, 0, 0);
    return status == dnnl_success ? onednn_choose(out, &operation, engine, NULL) : status;
}

static inline dnnl_status_t onednn_reorder(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *destination) {
    return dnnl_reorder_primitive_desc_create(out, source, engine, destination, engine, NULL);
}
