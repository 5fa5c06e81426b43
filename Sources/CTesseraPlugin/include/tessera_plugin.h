/*
 * The interface of Tessera's plugins: shared libraries that bring a partition strategy, a saliency metric, a transport, a
 * weight codec or an operator. This header is all that a plugin needs; it is C99 and C++11, and may be copied.
 *
 * A library exports one function, tessera_plugin(), which returns a constant tessera_descriptor: what the library is, and
 * which version of this interface it was written for. Tessera checks the descriptor, then calls its `register_module`, which
 * gives the table of functions of the library's kind. TESSERA_EXPORT makes the function visible:
 *
 *     TESSERA_EXPORT const tessera_descriptor *tessera_plugin(void) { return &descriptor; }
 *
 * Rules that hold for all kinds:
 *
 * - A function that can fail returns TESSERA_OK or another tessera_status, and says what is wrong by tessera_fail(). Exceptions
 *   must not leave the library.
 * - Pointers that a function is given hold until it returns, unless it says otherwise. The descriptor, the table, and all texts
 *   in them hold as long as the process does: a library is never unloaded.
 * - Except where it says otherwise, a function may be called by several threads at once, and is deterministic: what it is given
 *   decides what it gives.
 * - Texts are UTF-8 and end with a zero.
 * - A library does not end the process. What it is given, and gives, is aligned as C demands.
 *
 * How the interface grows, so that a library that was built once works with every later Tessera of its major version:
 *
 * - Minor versions add fields at the end of structures, and values to enumerations. Nothing is moved, taken away or given another
 *   meaning.
 * - A structure that may grow has a `size`: its size in bytes as the side that filled it in knows it. A field that lies beyond
 *   `size` is not there, which is the same as a 0; TESSERA_HAS asks for it. What lies beyond what the other side knows is not
 *   looked at.
 * - Every structure of a library has at least the size that it had in version 1.0. None ends with bytes of no field, which a later
 *   field could come to lie in.
 * - Such structures stand in arrays of pointers, or next to the size of one of them (`option_size`, `parameter_size`), by which the
 *   other side steps from one to the next.
 * - Structures without `size` never change: tessera_bytes, tessera_shape, tessera_region and tessera_weights.
 * - A library says which minor version it needs at least: `abi_minor`. One that was built with a later header, but asks by
 *   TESSERA_HAS before it uses what is new, may say an earlier one than TESSERA_ABI_MINOR.
 *
 * Tessera is licensed under the Apache License 2.0; the plugins that include this header may have any licence.
 */
#ifndef TESSERA_PLUGIN_H
#define TESSERA_PLUGIN_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define TESSERA_VISIBLE __declspec(dllexport)
#else
#define TESSERA_VISIBLE __attribute__((visibility("default")))
#endif
#ifdef __cplusplus
#define TESSERA_EXPORT extern "C" TESSERA_VISIBLE
#else
#define TESSERA_EXPORT TESSERA_VISIBLE
#endif

/* ---- Versions -------------------------------------------------------------------------------------------------------- */

/* The first field of every descriptor. */
#define TESSERA_PLUGIN_MAGIC 0x54535241u
/* Libraries of another major version are refused. */
#define TESSERA_ABI_MAJOR 1
/* Libraries that need a later minor version are refused: they may call functions that this host does not have. */
#define TESSERA_ABI_MINOR 0

/* Whether a structure has a field, as far as the side knows it that filled it in: TESSERA_HAS(tessera_host, host, write). */
#define TESSERA_HAS(type, structure, field) \
    ((structure)->size >= offsetof(type, field) + sizeof((structure)->field))

/* ---- Errors ---------------------------------------------------------------------------------------------------------- */

typedef int32_t tessera_status;

enum {
    TESSERA_OK = 0,
    TESSERA_INVALID_ARGUMENT = 1, /* an option or a value that cannot be accepted */
    TESSERA_SHAPE_MISMATCH = 2,   /* a shape that does not fit */
    TESSERA_NOT_SUPPORTED = 3,    /* something that exists, but not here */
    TESSERA_MALFORMED_DATA = 4,   /* bytes that are not what their format demands */
    TESSERA_INPUT_OUTPUT = 5,     /* a system call failed */
    TESSERA_OUT_OF_MEMORY = 6,
    TESSERA_PEER_LOST = 7,      /* the other end of a link is gone */
    TESSERA_LIMIT_EXCEEDED = 8, /* more than can be taken */
    TESSERA_INTERNAL = 9        /* anything else */
};

/* Where a function says what is wrong. */
typedef struct tessera_error {
    uint32_t size;
    uint32_t capacity; /* bytes that `message` holds, the zero among them */
    char *message;
} tessera_error;

/* Says what is wrong, as printf does, and returns `status`: return tessera_fail(error, TESSERA_INVALID_ARGUMENT, "…"). */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4), unused))
#endif
static inline tessera_status
tessera_fail(tessera_error *error, tessera_status status, const char *format, ...) {
    if (error != NULL && error->message != NULL && error->capacity > 0) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->message, error->capacity, format, arguments);
        va_end(arguments);
    }
    return status;
}

/* ---- Options --------------------------------------------------------------------------------------------------------- */

/* The types of options. */
enum {
    TESSERA_INTEGER = 1,
    TESSERA_NUMBER = 2,
    TESSERA_BOOLEAN = 3,
    TESSERA_TEXT = 4,
    TESSERA_INTEGERS = 5, /* a list; one value stands for a list of one */
    TESSERA_NUMBERS = 6,
    TESSERA_TEXTS = 7
};

/* An option that the module has: a key in YAML, in Lua and on the command line. Others are refused before they get here. */
typedef struct tessera_option {
    const char *name;    /* lower case, digits and '_' */
    int32_t type;        /* TESSERA_INTEGER, … */
    const char *initial; /* its default as in YAML: "3", "0.5", "true", "[1, 2]"; NULL if the option must be given */
    const char *summary; /* what it is, for `tessera plugins` and for errors */
} tessera_option;

/* The options that a user gave, with the defaults of the others; read by the functions of tessera_host. */
typedef struct tessera_options tessera_options;

/* ---- Shapes and regions ---------------------------------------------------------------------------------------------- */

/* The most axes of a value. */
#define TESSERA_MAX_RANK 8

/* The sizes of a value: batch, channels, height and width for maps. */
typedef struct tessera_shape {
    uint32_t rank;
    int64_t sizes[TESSERA_MAX_RANK];
} tessera_shape;

/* A box in a value: from `start` up to, but without, `end`, along every axis. */
typedef struct tessera_region {
    uint32_t rank;
    int64_t start[TESSERA_MAX_RANK];
    int64_t end[TESSERA_MAX_RANK];
} tessera_region;

/* ---- What the host offers -------------------------------------------------------------------------------------------- */

/* What is being planned, written to and connected, as the host's functions know it. */
typedef struct tessera_planner tessera_planner;
typedef struct tessera_output tessera_output;
typedef struct tessera_network tessera_network;
struct tessera_tile;
struct tessera_tile_cost;

/* A run of bytes. */
typedef struct tessera_bytes {
    const void *data;
    size_t count;
} tessera_bytes;

/* Severities of messages. */
enum { TESSERA_DEBUG = 0, TESSERA_INFO = 1, TESSERA_WARNING = 2, TESSERA_ERROR = 3 };

/* The functions that a library may call. It holds as long as the process does, and any thread may use it. */
typedef struct tessera_host {
    uint32_t size;
    uint32_t abi_major;
    uint32_t abi_minor;
    const char *version; /* of Tessera */

    /* Writes a line to the host's log. */
    void (*log)(int32_t severity, const char *message);

    /* The value of an option, by name: of a declared one of that type, else 0, NULL or an empty list. Texts and lists hold as
       long as the options do. A list function returns the number of elements. */
    int64_t (*option_integer)(const tessera_options *options, const char *name);
    double (*option_number)(const tessera_options *options, const char *name);
    int32_t (*option_boolean)(const tessera_options *options, const char *name);
    const char *(*option_text)(const tessera_options *options, const char *name);
    size_t (*option_integers)(const tessera_options *options, const char *name, const int64_t **values);
    size_t (*option_numbers)(const tessera_options *options, const char *name, const double **values);
    size_t (*option_texts)(const tessera_options *options, const char *name, const char *const **values);

    /* Codecs: adds bytes to the result. TESSERA_LIMIT_EXCEEDED once there are more than 1 MiB and 16 bytes a sample. */
    tessera_status (*write)(tessera_output *output, const void *bytes, size_t count);

    /* Strategies: begins a stage that ends with a value, one of the span's cut points. Stages are begun in order. */
    tessera_status (*begin_stage)(tessera_planner *planner, uint32_t value, tessera_error *error);
    /* Strategies: has a node, counted from 0, make a region of the stage's value. An empty region is passed over. The tiles of a
       stage must cover its value, without overlap. */
    tessera_status (*add_tile)(
        tessera_planner *planner, uint32_t node, const tessera_region *region, tessera_error *error);
    /* Strategies: a remark on the plan, for a person. */
    void (*add_note)(tessera_planner *planner, const char *text);
    /* Strategies: what a tile would cost. The sizes of both must be set. */
    tessera_status (*tile_cost)(
        tessera_planner *planner, const struct tessera_tile *tile, struct tessera_tile_cost *cost, tessera_error *error);
    /* Strategies: the seconds that whole layers, by index, take on a device. Devices are the nodes, and `leader`. */
    double (*layer_seconds)(tessera_planner *planner, const uint32_t *layers, uint32_t count, uint32_t device);
    /* Strategies: the seconds until so many bytes have gone from one device to another. */
    double (*transfer_seconds)(tessera_planner *planner, int64_t bytes, uint32_t from, uint32_t to);

    /* Transports: a link to a peer is up, one that `dial` asked for if `is_dialed`, else one that the peer asked for. The number
       of a link is never used again. */
    void (*link_opened)(tessera_network *network, uint64_t link, int32_t is_dialed);
    /* Transports: a whole message came on a link. Blocks while too much is unread, which must hold up that link alone. Returns
       TESSERA_PEER_LOST if the link is of no more use, TESSERA_INVALID_ARGUMENT for what cannot be a message, and the library then
       stops reading from the link. */
    tessera_status (*received)(tessera_network *network, uint64_t link, const void *bytes, size_t count);
    /* Transports: a link is down. `reason` says why, in words; NULL if the other end closed it. Nothing may follow on the link. */
    void (*link_closed)(tessera_network *network, uint64_t link, const char *reason);
} tessera_host;

/* ---- The descriptor -------------------------------------------------------------------------------------------------- */

/* The kinds of modules. */
enum {
    TESSERA_STRATEGY = 1,  /* tessera_strategy: how a network is cut */
    TESSERA_METRIC = 2,    /* tessera_metric: what a channel is worth */
    TESSERA_TRANSPORT = 3, /* tessera_transport: how messages travel */
    TESSERA_CODEC = 4,     /* tessera_codec: how weights are compressed */
    TESSERA_OPERATOR = 5   /* tessera_operator: a layer */
};

typedef struct tessera_descriptor {
    uint32_t magic;      /* TESSERA_PLUGIN_MAGIC */
    uint32_t abi_major;  /* TESSERA_ABI_MAJOR */
    uint32_t abi_minor;  /* TESSERA_ABI_MINOR, or the earlier one that the library can do with */
    uint32_t size;       /* sizeof(tessera_descriptor) */
    int32_t kind;        /* TESSERA_STRATEGY, … */
    const char *name;    /* what YAML, Lua and the command line call the module: lower case, digits, '-' and '_' */
    const char *summary; /* one line on what it does */
    const char *version; /* of the library */
    const tessera_option *options;
    uint32_t option_count;
    uint32_t option_size; /* sizeof(tessera_option), if there are options */
    /* Called once, before anything else: gives the table of functions of the kind, which begins with its size and kind. */
    tessera_status (*register_module)(const tessera_host *host, const void **table, tessera_error *error);
} tessera_descriptor;

/* What a library exports. */
typedef const tessera_descriptor *(*tessera_plugin_function)(void);

/* ---- Partition strategies -------------------------------------------------------------------------------------------- */

/* What one layer makes and others read. */
typedef struct tessera_value {
    uint32_t size;
    const char *name;
    const char *kind; /* the layer that makes it: "conv", "max_pool"; NULL for an input of the network */
    tessera_shape shape;
    int64_t byte_count;
} tessera_value;

/* A layer, in order of execution. */
typedef struct tessera_layer {
    uint32_t size;
    const char *name;
    const char *kind;
    uint32_t input_count;
    const uint32_t *inputs; /* values */
    uint32_t output;        /* the value; the first one of several */
    int64_t multiply_accumulates;
    int64_t weight_byte_count;
} tessera_layer;

/* A device of the cluster. */
typedef struct tessera_device {
    uint32_t size;
    const char *name;
    double multiply_accumulates_per_second;
    double memory_bandwidth; /* bytes a second */
    double speed;            /* as a multiple of what the other numbers say */
    double memory;           /* bytes that weights and activations may take; infinite for any amount */
} tessera_device;

/* What a strategy gets to see: where the network can be cut, and the devices. Values and layers are numbered from 0. */
typedef struct tessera_span {
    uint32_t size;
    uint32_t value_count;
    const tessera_value *const *values;
    uint32_t layer_count;
    const tessera_layer *const *layers;
    /* The inputs of the network, as values. */
    uint32_t input_count;
    const uint32_t *inputs;
    /* The maps at which the network can be cut along all axes, in order, as values; the last is the span's end. */
    uint32_t cut_point_count;
    const uint32_t *cut_points;
    /* The values after them at which it can be cut along channels or features, axis 1, alone. */
    uint32_t later_cut_point_count;
    const uint32_t *later_cut_points;
    /* The devices: nodes first, then the leader if it is none of them. */
    uint32_t node_count;
    uint32_t device_count;
    const tessera_device *const *devices;
    uint32_t leader;   /* the device where pictures arrive and results go */
    uint32_t reserved; /* 0 */
} tessera_span;

/* A tile whose cost is asked for. */
typedef struct tessera_tile {
    uint32_t size;
    uint32_t value; /* one of the cut points */
    uint32_t node;
    uint32_t available_count;
    tessera_region region;
    /* The values that are there already: the ends of stages before it. */
    const uint32_t *available;
} tessera_tile;

typedef struct tessera_tile_cost {
    uint32_t size;
    int64_t multiply_accumulates; /* of convolutions and linear layers, halos included */
    int64_t input_byte_count;
    int64_t output_byte_count;
    double seconds; /* on its node */
} tessera_tile_cost;

typedef struct tessera_strategy {
    uint32_t size;
    int32_t kind; /* TESSERA_STRATEGY */
    /* Checks what the type of an option cannot say. May be NULL. */
    tessera_status (*check_options)(const tessera_options *options, tessera_error *error);
    /* Cuts the span by `begin_stage` and `add_tile`. Without a stage, all is left to the leader. What comes after the last stage
       is left to the leader, too. */
    tessera_status (*partition)(
        const tessera_options *options, const tessera_span *span, tessera_planner *planner, tessera_error *error);
} tessera_strategy;

/* ---- Saliency metrics ------------------------------------------------------------------------------------------------ */

/* Some weights. */
typedef struct tessera_weights {
    const float *values;
    size_t count;
} tessera_weights;

/* The weights that belong to a channel. */
typedef struct tessera_channel {
    uint32_t size;
    tessera_weights kernels; /* of the layers that make it */
    tessera_weights biases;  /* that are added to it */
    tessera_weights scales;  /* the factors of its normalizations */
    tessera_weights readers; /* of the layers that read it */
} tessera_channel;

/* The channels that compete with each other: those of one layer, or of several whose outputs are added. */
typedef struct tessera_channel_group {
    uint32_t size;
    const char *name;
    uint32_t layer_count;
    const char *const *layers; /* names of the layers that make the channels */
    uint32_t channel_count;
    const tessera_channel *const *channels;
} tessera_channel_group;

typedef struct tessera_metric {
    uint32_t size;
    int32_t kind; /* TESSERA_METRIC */
    /* Not 0 if values of different groups are in one unit, so that they can be compared as they are. */
    int32_t is_comparable;
    tessera_status (*check_options)(const tessera_options *options, tessera_error *error); /* may be NULL */
    /* Writes what each channel is worth to `saliencies`, one finite number for each. The smallest are pruned first. */
    tessera_status (*saliencies)(
        const tessera_options *options, const tessera_channel_group *group, double *saliencies, tessera_error *error);
} tessera_metric;

/* ---- Weight codecs --------------------------------------------------------------------------------------------------- */

/* How weights are laid out for a codec. */
enum {
    TESSERA_IMAGES = 1, /* a layer becomes one picture */
    TESSERA_VIDEO = 2,  /* a layer becomes pictures of one size */
    TESSERA_AUDIO = 3,  /* a layer becomes one row */
    TESSERA_BYTES = 4   /* a layer becomes one row */
};

/* Grey pictures, whose samples stand row by row, picture by picture. */
typedef struct tessera_frames {
    uint32_t size;
    uint32_t width;
    uint32_t height;
    uint32_t count;
    uint32_t bits; /* samples are below 2^bits; 1 to 16 */
} tessera_frames;

typedef struct tessera_codec {
    uint32_t size;
    int32_t kind;              /* TESSERA_CODEC */
    int32_t layout;            /* TESSERA_IMAGES, … */
    int32_t is_lossless;       /* not 0 if the way back gives what went in */
    int32_t is_exact_anywhere; /* not 0 if every host decodes the same, as it is for integers */
    uint32_t largest_bits;     /* the most bits that samples may have, 1 to 16 */
    uint32_t largest_side;     /* the largest width and height; 0 for any */
    tessera_status (*check_options)(const tessera_options *options, tessera_error *error); /* may be NULL */
    /* Writes the frames to `output` by the host's `write`. There is at least one sample. */
    tessera_status (*encode)(
        const tessera_options *options, const tessera_frames *format, const uint16_t *samples, tessera_output *output,
        tessera_error *error);
    /* Fills `samples`, of which there are width x height x count. The bytes may be anything: what is not the encoding of such
       frames is TESSERA_MALFORMED_DATA, never a crash. */
    tessera_status (*decode)(
        const tessera_options *options, const tessera_frames *format, const void *bytes, size_t byte_count,
        uint16_t *samples, tessera_error *error);
    /* The most by which a sample of so many bits differs from what it was after the way back. NULL for a codec that is lossless, or
       that can state no bound. */
    uint32_t (*largest_error)(const tessera_options *options, uint32_t bits);
} tessera_codec;

/* ---- Operators ------------------------------------------------------------------------------------------------------- */

/* What a parameter is, which decides how random weights are drawn. */
enum {
    TESSERA_WEIGHT = 1, /* drawn with variance 2 / (elements for each of the first axis) */
    TESSERA_BIAS = 2,
    TESSERA_SCALE = 3 /* a factor near 1 */
};

/* A weight of the layer: LAYER.name in files. */
typedef struct tessera_parameter {
    const char *name;
    int32_t role;      /* TESSERA_WEIGHT, … */
    uint32_t reserved; /* 0 */
} tessera_parameter;

/* Part of a value, or all of it. */
typedef struct tessera_array {
    uint32_t size;
    float *data; /* the elements of the part, row by row; those of inputs and parameters must not be written to */
    tessera_region region; /* where the part lies in the value */
    tessera_shape shape;   /* of the whole value */
} tessera_array;

typedef struct tessera_operator {
    uint32_t size;
    int32_t kind; /* TESSERA_OPERATOR */
    /* The names of the inputs; the last may be repeated up to the largest number of inputs. */
    const char *const *input_names;
    uint32_t input_count;
    uint32_t largest_input_count;
    const tessera_parameter *parameters;
    uint32_t parameter_count;
    uint32_t parameter_size; /* sizeof(tessera_parameter), if there are parameters */
    const char *shapes; /* the shapes in words: "[batch, channels, height, width] → the same shape" */
    /* Not 0 if every output pixel depends on the input pixels at its own position alone. */
    int32_t is_pointwise;
    tessera_status (*check_options)(const tessera_options *options, tessera_error *error); /* may be NULL */
    /* The shape of the output. */
    tessera_status (*output_shape)(
        const tessera_options *options, const tessera_shape *inputs, uint32_t input_count, tessera_shape *output,
        tessera_error *error);
    /* The shape of a parameter, by index. May be NULL if there are none. */
    tessera_status (*parameter_shape)(
        const tessera_options *options, const tessera_shape *inputs, uint32_t input_count, uint32_t parameter,
        tessera_shape *shape, tessera_error *error);
    /* The region of an input, by index, that a region of the output needs; never empty. NULL for an operator that can only be
       computed whole, which is left to the leader. TESSERA_NOT_SUPPORTED for a region that cannot be computed by itself, such as
       some of the channels. */
    tessera_status (*input_region)(
        const tessera_options *options, const tessera_shape *inputs, uint32_t input_count, const tessera_region *output,
        uint32_t input, tessera_region *region, tessera_error *error);
    /* Multiply-accumulate operations for a region of the output. May be NULL for none. */
    int64_t (*multiply_accumulates)(
        const tessera_options *options, const tessera_shape *inputs, uint32_t input_count,
        const tessera_region *output);
    /* Computes the region of the output that `output` says, from the regions that `input_region` gave. Every element must come
       out the same to the bit, whatever the region. */
    tessera_status (*forward)(
        const tessera_options *options, const tessera_array *const *inputs, uint32_t input_count,
        const tessera_array *const *parameters, const tessera_array *output, tessera_error *error);
} tessera_operator;

/* ---- Transports ------------------------------------------------------------------------------------------------------ */

/* Who joins a network, and where. Texts hold until start() returns. */
typedef struct tessera_endpoint {
    uint32_t size;
    const char *name;         /* what this peer is called */
    const char *listen;       /* the address to accept links on; NULL to accept none */
    const char *certificates; /* the folder with this peer's certificates; NULL if there are none */
} tessera_endpoint;

/*
 * A transport carries whole messages of bytes on links between two peers each, in order, and says when a link is down. Who is
 * at the other end, what messages mean, and leave-taking are the host's. Addresses are whatever the transport makes of the
 * texts it is given: where nothing else is said they are "host:port", with port 0 for any that is free. A library holds no lock
 * while it calls the host, which may call hang_up() or send() before it returns, on any thread.
 */
typedef struct tessera_transport {
    uint32_t size;
    int32_t kind; /* TESSERA_TRANSPORT */
    /* The largest message in bytes, at least 65536; 0 for any. */
    int64_t largest_message;
    tessera_status (*check_options)(const tessera_options *options, tessera_error *error); /* may be NULL */
    /* Joins, and gives what stands for this peer in the other functions. The options hold until stop() returns. Links may be reported
       before it returns. If it fails, nothing of it calls the host any more. */
    tessera_status (*start)(
        const tessera_options *options, const tessera_endpoint *endpoint, tessera_network *network, void **transport,
        tessera_error *error);
    /* Writes the address that others can dial, as bound; an empty text if this peer accepts no links. */
    tessera_status (*listen_address)(void *transport, char *address, size_t capacity, tessera_error *error);
    /* Opens a link; calls `link_opened` before it returns. It should give up after some seconds: stop() has to wait for it. */
    tessera_status (*dial)(void *transport, const char *address, uint64_t *link, tessera_error *error);
    /* Sends one message, given in pieces that follow each other, and returns once the pieces are of no more use. Blocks while the
       link takes no more. One thread at a time calls it for a link. TESSERA_PEER_LOST if the link is down. */
    tessera_status (*send)(
        void *transport, uint64_t link, const tessera_bytes *pieces, size_t count, tessera_error *error);
    /* Closes a link after what was sent on it. A send() or `received` that blocks on it returns soon. The host does not wait for
       `link_closed` after that, and a link that is down already is no error. */
    void (*hang_up)(void *transport, uint64_t link);
    /* Called once, at the end, while no other function is under way, and none is called later. When it returns, nothing of the
       transport calls the host any more. */
    void (*stop)(void *transport);
} tessera_transport;

#ifdef __cplusplus
}
#endif

#endif
