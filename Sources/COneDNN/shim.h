// The only place that sees oneDNN's C API, so that the difference between its versions stays here.
// Every function returns oneDNN's status (0 is success); what it creates, the caller destroys.
#pragma once
#include <oneapi/dnnl/dnnl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if DNNL_VERSION_MAJOR != 2
#error "This shim is written for oneDNN 2.x"
#endif

/// Sets the number of OpenMP threads that parallel regions started by the calling thread use.
extern void omp_set_num_threads(int count);
extern int omp_get_max_threads(void);

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

/// The same layout for elements of another type.
static inline dnnl_status_t onednn_desc_create_typed(
    onednn_desc_t *out, const dnnl_memory_desc_t *model, dnnl_data_type_t type) {
    dnnl_status_t status = onednn_desc_allocate(out);
    if (status != dnnl_success) return status;
    **out = *model;
    (*out)->data_type = type;
    return dnnl_success;
}

static inline dnnl_data_type_t onednn_desc_type(const dnnl_memory_desc_t *desc) { return desc->data_type; }

/// Maps whose channels lie in blocks of `block`, the blocks before height and width: nChw16c and the like.
static inline dnnl_status_t onednn_desc_create_channel_blocks(
    onednn_desc_t *out, int rank, const int64_t *dims, dnnl_data_type_t type, int64_t block) {
    dnnl_memory_desc_t model;
    memset(&model, 0, sizeof model);
    if (rank > DNNL_MAX_NDIMS) return dnnl_unimplemented;
    model.ndims = rank;
    model.data_type = type;
    model.format_kind = dnnl_blocked;
    model.format_desc.blocking.inner_nblks = 1;
    model.format_desc.blocking.inner_idxs[0] = 1;
    model.format_desc.blocking.inner_blks[0] = block;
    for (int d = 0; d < rank; d++) model.format_desc.blocking.strides[d] = rank - d;
    return onednn_desc_create_like(out, &model, dims);
}

/// How numbers of one layout come to lie in another: along each axis the elements between neighbours in both, in the
/// target between blocks of one axis, of which `block` neighbours lie next to one another; -1 for none.
typedef struct {
    int64_t rank, sizes[8], source[8], target[8];
    int64_t axis, block;
} onednn_blocks;

/// - Returns: 1; 0 for layouts of other types than f32, and for those whose blocks are more than that.
static inline int onednn_find_blocks(
    const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *target, onednn_blocks *out) {
    const dnnl_blocking_desc_t *from = &source->format_desc.blocking, *to = &target->format_desc.blocking;
    if (source->format_kind != dnnl_blocked || target->format_kind != dnnl_blocked || source->data_type != dnnl_f32
        || target->data_type != dnnl_f32 || source->offset0 != 0 || target->offset0 != 0
        || target->extra.flags != dnnl_memory_extra_flag_none || from->inner_nblks != 0 || to->inner_nblks > 2
        || source->ndims != target->ndims || target->ndims > 7)
        return 0;
    const onednn_blocks none = {target->ndims, {0}, {0}, {0}, -1, 1};
    *out = none;
    for (int d = 0; d < target->ndims; d++) {
        out->sizes[d] = target->dims[d];
        out->source[d] = from->strides[d];
        out->target[d] = to->strides[d];
    }
    int64_t padded[DNNL_MAX_NDIMS];
    memcpy(padded, target->dims, sizeof padded);
    if (to->inner_nblks > 0) {
        out->axis = to->inner_idxs[to->inner_nblks - 1];
        out->block = to->inner_blks[to->inner_nblks - 1];
        padded[out->axis] = (padded[out->axis] + out->block - 1) / out->block * out->block;
    }
    if (to->inner_nblks == 2) {
        // The outer blocks are an axis of their own.
        const int64_t d = to->inner_idxs[0], block = to->inner_blks[0], last = out->rank++;
        if (d == out->axis || target->dims[d] % block != 0) return 0;
        out->sizes[d] /= block;
        out->source[d] *= block;
        out->sizes[last] = block;
        out->source[last] = from->strides[d];
        out->target[last] = out->block;
    }
    for (int d = 0; d < target->ndims; d++) {
        if (source->dims[d] != target->dims[d] || target->padded_dims[d] != padded[d]) return 0;
    }
    return 1;
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
    char word[64];
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

/// Which of several implementations is wanted.
typedef struct {
    /// The words that its name may not contain, separated by commas, as long as there is another one; NULL for none.
    const char *avoided;
    /// Its name; NULL for the first.
    const char *name;
} onednn_wish;

/// Attributes for primitives whose temporary memory the caller supplies.
static inline dnnl_status_t onednn_plain_attributes(dnnl_primitive_attr_t *out) {
    dnnl_status_t status = dnnl_primitive_attr_create(out);
    return status == dnnl_success ? dnnl_primitive_attr_set_scratchpad_mode(*out, dnnl_scratchpad_mode_user) : status;
}

/// The first implementation that is wanted. Without a name, it is the first of all if there is no other.
static inline dnnl_status_t onednn_choose_with(
    dnnl_primitive_desc_t *out, const_dnnl_op_desc_t operation, const_dnnl_primitive_attr_t attributes,
    dnnl_engine_t engine, onednn_wish wish) {
    const char *avoided = wish.avoided;
    dnnl_primitive_desc_iterator_t iterator;
    dnnl_primitive_attr_t plain = NULL;
    dnnl_status_t status = attributes ? dnnl_success : onednn_plain_attributes(&plain);
    if (status == dnnl_success)
        status = dnnl_primitive_desc_iterator_create(&iterator, operation, plain ? plain : attributes, engine, NULL);
    if (plain) dnnl_primitive_attr_destroy(plain);
    if (status != dnnl_success) return status;
    *out = NULL;
    do {
        dnnl_primitive_desc_t candidate = dnnl_primitive_desc_iterator_fetch(iterator);
        if (!candidate) break;
        if (wish.name) {
            if (strcmp(onednn_implementation(candidate), wish.name) == 0) {
                *out = candidate;
                break;
            }
            dnnl_primitive_desc_destroy(candidate);
            continue;
        }
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

static inline dnnl_status_t onednn_choose(
    dnnl_primitive_desc_t *out, const_dnnl_op_desc_t operation, dnnl_engine_t engine) {
    const onednn_wish any = {NULL, NULL};
    return onednn_choose_with(out, operation, NULL, engine, any);
}

// Post-operations ------------------------------------------------------------------------------------------------------

/// What a primitive does with a result before it is stored.
typedef struct {
    enum { onednn_sum, onednn_function, onednn_sum_with } kind;
    dnnl_alg_kind_t function;
    float alpha, beta;
    /// The operand of `onednn_sum_with`.
    const dnnl_memory_desc_t *operand;
    /// What the result of a function, or what `onednn_sum` adds, is multiplied by.
    float scale;
    /// The type in which `onednn_sum` reads what is there; undefined for that of the result.
    dnnl_data_type_t type;
} onednn_post_operation;

/// How a primitive on integers multiplies and shifts: scales of the result for each of `count` channels, or one for all; zero
/// points of what it reads and of what it makes.
typedef struct {
    const float *scales;
    int64_t count;
    int32_t source_zero_point, destination_zero_point;
} onednn_integers;

static inline dnnl_status_t onednn_attributes_create(
    dnnl_primitive_attr_t *out, const onednn_post_operation *operations, int count) {
    dnnl_post_ops_t list = NULL;
    dnnl_status_t status = onednn_plain_attributes(out);
    if (status != dnnl_success) return status;
    status = dnnl_post_ops_create(&list);
    for (int i = 0; i < count && status == dnnl_success; i++) {
        const onednn_post_operation o = operations[i];
        if (o.kind == onednn_sum) status = dnnl_post_ops_append_sum_v2(list, o.scale, o.type);
        else if (o.kind == onednn_function)
            status = dnnl_post_ops_append_eltwise(list, o.scale, o.function, o.alpha, o.beta);
        else
            status = dnnl_post_ops_append_binary(list, dnnl_binary_add, o.operand);
    }
    if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(*out, list);
    if (list) dnnl_post_ops_destroy(list);
    if (status != dnnl_success) dnnl_primitive_attr_destroy(*out);
    return status;
}

/// Adds to attributes what a convolution of integers does besides.
static inline dnnl_status_t onednn_attributes_set_integers(dnnl_primitive_attr_t attributes, onednn_integers integers) {
    dnnl_status_t status = dnnl_primitive_attr_set_output_scales(
        attributes, integers.count, integers.count > 1 ? 1 << 1 : 0, integers.scales);
    if (status == dnnl_success && integers.source_zero_point)
        status = dnnl_primitive_attr_set_zero_points(attributes, DNNL_ARG_SRC, 1, 0, &integers.source_zero_point);
    if (status == dnnl_success && integers.destination_zero_point)
        status = dnnl_primitive_attr_set_zero_points(attributes, DNNL_ARG_DST, 1, 0, &integers.destination_zero_point);
    return status;
}

/// Adds to attributes the factors of the two operands of a combination.
static inline dnnl_status_t onednn_attributes_set_factors(dnnl_primitive_attr_t attributes, float first, float second) {
    dnnl_status_t status = dnnl_primitive_attr_set_scales(attributes, DNNL_ARG_SRC_0, 1, 0, &first);
    return status == dnnl_success ? dnnl_primitive_attr_set_scales(attributes, DNNL_ARG_SRC_1, 1, 0, &second) : status;
}

/// The argument index of the operand of a post-operation.
static inline int onednn_post_operand(int index) {
    return DNNL_ARG_ATTR_MULTIPLE_POST_OP(index) | DNNL_ARG_SRC_1;
}

static inline dnnl_status_t onednn_convolution(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *destination,
    const int64_t *strides, const int64_t *dilations, const int64_t *before, const int64_t *after,
    const_dnnl_primitive_attr_t attributes, onednn_wish wish) {
    dnnl_convolution_desc_t operation;
    dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
        &operation, dnnl_forward_inference, dnnl_convolution_direct, source, weights, bias, destination, strides,
        dilations, before, after);
    return status == dnnl_success ? onednn_choose_with(out, &operation, attributes, engine, wish) : status;
}

static inline dnnl_status_t onednn_pooling(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t kind, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *destination, const int64_t *strides, const int64_t *kernel, const int64_t *dilations,
    const int64_t *before, const int64_t *after) {
    dnnl_pooling_v2_desc_t operation;
    dnnl_status_t status = dnnl_pooling_v2_forward_desc_init(
        &operation, dnnl_forward_inference, kind, source, destination, strides, kernel, dilations, before, after);
    return status == dnnl_success ? onednn_choose(out, &operation, engine) : status;
}

static inline dnnl_status_t onednn_eltwise(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t kind, const dnnl_memory_desc_t *data,
    float alpha, float beta) {
    dnnl_eltwise_desc_t operation;
    dnnl_status_t status =
        dnnl_eltwise_forward_desc_init(&operation, dnnl_forward_inference, kind, data, alpha, beta);
    return status == dnnl_success ? onednn_choose(out, &operation, engine) : status;
}

static inline dnnl_status_t onednn_prelu(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *data,
    const dnnl_memory_desc_t *slopes) {
    dnnl_prelu_desc_t operation;
    dnnl_status_t status = dnnl_prelu_forward_desc_init(&operation, dnnl_forward_inference, data, slopes);
    return status == dnnl_success ? onednn_choose(out, &operation, engine) : status;
}

static inline dnnl_status_t onednn_binary(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t kind, const dnnl_memory_desc_t *first,
    const dnnl_memory_desc_t *second, const dnnl_memory_desc_t *destination) {
    dnnl_binary_desc_t operation;
    dnnl_status_t status = dnnl_binary_desc_init(&operation, kind, first, second, destination);
    return status == dnnl_success ? onednn_choose(out, &operation, engine) : status;
}

/// The same with attributes.
static inline dnnl_status_t onednn_binary_with(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t kind, const dnnl_memory_desc_t *first,
    const dnnl_memory_desc_t *second, const dnnl_memory_desc_t *destination, const_dnnl_primitive_attr_t attributes) {
    const onednn_wish any = {NULL, NULL};
    dnnl_binary_desc_t operation;
    dnnl_status_t status = dnnl_binary_desc_init(&operation, kind, first, second, destination);
    return status == dnnl_success ? onednn_choose_with(out, &operation, attributes, engine, any) : status;
}

static inline dnnl_status_t onednn_softmax(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *data, int axis) {
    dnnl_softmax_desc_t operation;
    dnnl_status_t status = dnnl_softmax_forward_desc_init(&operation, dnnl_forward_inference, data, axis);
    return status == dnnl_success ? onednn_choose(out, &operation, engine) : status;
}

static inline dnnl_status_t onednn_logsoftmax(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *data, int axis) {
    dnnl_logsoftmax_desc_t operation;
    dnnl_status_t status = dnnl_logsoftmax_forward_desc_init(&operation, dnnl_forward_inference, data, axis);
    return status == dnnl_success ? onednn_choose(out, &operation, engine) : status;
}

/// Over the last axis of `data`, with a scale and a shift for each of its elements if `scales` and `shifts` are not 0.
static inline dnnl_status_t onednn_layer_normalization(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *data, float epsilon, int scales,
    int shifts) {
    dnnl_layer_normalization_desc_t operation;
    dnnl_status_t status = dnnl_layer_normalization_forward_desc_init(
        &operation, dnnl_forward_inference, data, NULL, epsilon,
        (scales ? dnnl_use_scale : 0) | (shifts ? dnnl_use_shift : 0));
    return status == dnnl_success ? onednn_choose(out, &operation, engine) : status;
}

/// Across channels.
static inline dnnl_status_t onednn_lrn(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *data, int64_t size, float alpha,
    float beta, float bias) {
    dnnl_lrn_desc_t operation;
    dnnl_status_t status = dnnl_lrn_forward_desc_init(
        &operation, dnnl_forward_inference, dnnl_lrn_across_channels, data, size, alpha, beta, bias);
    return status == dnnl_success ? onednn_choose(out, &operation, engine) : status;
}

/// `bias` may be NULL.
static inline dnnl_status_t onednn_matmul(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *destination) {
    dnnl_matmul_desc_t operation;
    dnnl_status_t status = dnnl_matmul_desc_init(&operation, source, weights, bias, destination);
    return status == dnnl_success ? onednn_choose(out, &operation, engine) : status;
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
    return status == dnnl_success ? onednn_choose(out, &operation, engine) : status;
}

static inline dnnl_status_t onednn_reorder(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *destination) {
    dnnl_primitive_attr_t plain;
    dnnl_status_t status = onednn_plain_attributes(&plain);
    if (status != dnnl_success) return status;
    status = dnnl_reorder_primitive_desc_create(out, source, engine, destination, engine, plain);
    dnnl_primitive_attr_destroy(plain);
    return status;
}

// Training -------------------------------------------------------------------------------------------------------------

/// The first implementation. `forward` is what a backward operation belongs to; NULL for a forward one. `attributes` may be NULL.
static inline dnnl_status_t onednn_choose_for_training(
    dnnl_primitive_desc_t *out, const_dnnl_op_desc_t operation, const_dnnl_primitive_attr_t attributes,
    dnnl_engine_t engine, const_dnnl_primitive_desc_t forward) {
    dnnl_primitive_attr_t plain = NULL;
    dnnl_status_t status = attributes ? dnnl_success : onednn_plain_attributes(&plain);
    if (status == dnnl_success)
        status = dnnl_primitive_desc_create(out, operation, plain ? plain : attributes, engine, forward);
    if (plain) dnnl_primitive_attr_destroy(plain);
    return status;
}

/// The window of a convolution or a pooling.
typedef struct {
    const int64_t *kernel, *strides, *dilations, *before, *after;
} onednn_window;

static inline dnnl_status_t onednn_convolution_training(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *destination,
    onednn_window w) {
    dnnl_convolution_desc_t operation;
    dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
        &operation, dnnl_forward_training, dnnl_convolution_direct, source, weights, bias, destination, w.strides,
        w.dilations, w.before, w.after);
    return status == dnnl_success ? onednn_choose_for_training(out, &operation, NULL, engine, NULL) : status;
}

static inline dnnl_status_t onednn_convolution_backward_data(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *destination, onednn_window w,
    const_dnnl_primitive_desc_t forward) {
    dnnl_convolution_desc_t operation;
    dnnl_status_t status = dnnl_dilated_convolution_backward_data_desc_init(
        &operation, dnnl_convolution_direct, source, weights, destination, w.strides, w.dilations, w.before, w.after);
    return status == dnnl_success ? onednn_choose_for_training(out, &operation, NULL, engine, forward) : status;
}

static inline dnnl_status_t onednn_convolution_backward_weights(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *destination,
    onednn_window w, const_dnnl_primitive_desc_t forward) {
    dnnl_convolution_desc_t operation;
    dnnl_status_t status = dnnl_dilated_convolution_backward_weights_desc_init(
        &operation, dnnl_convolution_direct, source, weights, bias, destination, w.strides, w.dilations, w.before,
        w.after);
    return status == dnnl_success ? onednn_choose_for_training(out, &operation, NULL, engine, forward) : status;
}

static inline dnnl_status_t onednn_inner_product_training(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *destination) {
    dnnl_inner_product_desc_t operation;
    dnnl_status_t status = dnnl_inner_product_forward_desc_init(
        &operation, dnnl_forward_training, source, weights, bias, destination);
    return status == dnnl_success ? onednn_choose_for_training(out, &operation, NULL, engine, NULL) : status;
}

static inline dnnl_status_t onednn_inner_product_backward_data(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *destination, const_dnnl_primitive_desc_t forward) {
    dnnl_inner_product_desc_t operation;
    dnnl_status_t status = dnnl_inner_product_backward_data_desc_init(&operation, source, weights, destination);
    return status == dnnl_success ? onednn_choose_for_training(out, &operation, NULL, engine, forward) : status;
}

static inline dnnl_status_t onednn_inner_product_backward_weights(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *destination,
    const_dnnl_primitive_desc_t forward) {
    dnnl_inner_product_desc_t operation;
    dnnl_status_t status =
        dnnl_inner_product_backward_weights_desc_init(&operation, source, weights, bias, destination);
    return status == dnnl_success ? onednn_choose_for_training(out, &operation, NULL, engine, forward) : status;
}

/// With a scale and a shift for each channel; `relu` is 1 for a rectified linear unit after it. With `global` statistics, they
/// are read, and nothing is kept for a backward pass.
static inline dnnl_status_t onednn_batch_normalization(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *data, float epsilon, int relu,
    int global) {
    dnnl_batch_normalization_desc_t operation;
    const unsigned flags = dnnl_use_scale | dnnl_use_shift | (relu ? dnnl_fuse_norm_relu : 0)
        | (global ? dnnl_use_global_stats : 0);
    dnnl_status_t status = dnnl_batch_normalization_forward_desc_init(
        &operation, global ? dnnl_forward_inference : dnnl_forward_training, data, epsilon, flags);
    return status == dnnl_success ? onednn_choose_for_training(out, &operation, NULL, engine, NULL) : status;
}

static inline dnnl_status_t onednn_batch_normalization_backward(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const dnnl_memory_desc_t *gradient,
    const dnnl_memory_desc_t *data, float epsilon, int relu, const_dnnl_primitive_desc_t forward) {
    dnnl_batch_normalization_desc_t operation;
    dnnl_status_t status = dnnl_batch_normalization_backward_desc_init(
        &operation, dnnl_backward, gradient, data, epsilon,
        dnnl_use_scale | dnnl_use_shift | (relu ? dnnl_fuse_norm_relu : 0));
    return status == dnnl_success ? onednn_choose_for_training(out, &operation, NULL, engine, forward) : status;
}

static inline dnnl_status_t onednn_pooling_training(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t kind, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *destination, onednn_window w) {
    dnnl_pooling_v2_desc_t operation;
    dnnl_status_t status = dnnl_pooling_v2_forward_desc_init(
        &operation, dnnl_forward_training, kind, source, destination, w.strides, w.kernel, w.dilations, w.before,
        w.after);
    return status == dnnl_success ? onednn_choose_for_training(out, &operation, NULL, engine, NULL) : status;
}

static inline dnnl_status_t onednn_pooling_backward(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t kind, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *destination, onednn_window w, const_dnnl_primitive_desc_t forward) {
    dnnl_pooling_v2_desc_t operation;
    dnnl_status_t status = dnnl_pooling_v2_backward_desc_init(
        &operation, kind, source, destination, w.strides, w.kernel, w.dilations, w.before, w.after);
    return status == dnnl_success ? onednn_choose_for_training(out, &operation, NULL, engine, forward) : status;
}

static inline dnnl_status_t onednn_eltwise_training(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t kind, const dnnl_memory_desc_t *data,
    float alpha, float beta) {
    dnnl_eltwise_desc_t operation;
    dnnl_status_t status = dnnl_eltwise_forward_desc_init(&operation, dnnl_forward_training, kind, data, alpha, beta);
    return status == dnnl_success ? onednn_choose_for_training(out, &operation, NULL, engine, NULL) : status;
}

static inline dnnl_status_t onednn_eltwise_backward(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t kind, const dnnl_memory_desc_t *gradient,
    const dnnl_memory_desc_t *data, float alpha, float beta, const_dnnl_primitive_desc_t forward) {
    dnnl_eltwise_desc_t operation;
    dnnl_status_t status = dnnl_eltwise_backward_desc_init(&operation, kind, gradient, data, alpha, beta);
    return status == dnnl_success ? onednn_choose_for_training(out, &operation, NULL, engine, forward) : status;
}

/// A combination of two operands; `relu` is 1 for a rectified linear unit after it.
static inline dnnl_status_t onednn_binary_training(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t kind, const dnnl_memory_desc_t *first,
    const dnnl_memory_desc_t *second, const dnnl_memory_desc_t *destination, int relu) {
    dnnl_binary_desc_t operation;
    const onednn_post_operation function = {onednn_function, dnnl_eltwise_relu, 0, 0, NULL, 1, dnnl_data_type_undef};
    dnnl_primitive_attr_t attributes;
    dnnl_status_t status = dnnl_binary_desc_init(&operation, kind, first, second, destination);
    if (status == dnnl_success) status = onednn_attributes_create(&attributes, &function, relu ? 1 : 0);
    if (status != dnnl_success) return status;
    status = onednn_choose_for_training(out, &operation, attributes, engine, NULL);
    dnnl_primitive_attr_destroy(attributes);
    return status;
}
