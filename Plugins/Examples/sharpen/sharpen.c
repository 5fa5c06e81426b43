/*
 * An operator: y = gain · (x + amount · (x - mean)), where the mean is that of the pixels at most `radius` away, as far as the
 * map has them, and every channel has a gain of its own, which is trained or given as LAYER.gain.
 */
#include <tessera_plugin.h>

static const tessera_host *host;

static tessera_status check_options(const tessera_options *options, tessera_error *error) {
    const int64_t radius = host->option_integer(options, "radius");
    if (radius < 0 || radius > 1000)
        return tessera_fail(
            error, TESSERA_INVALID_ARGUMENT, "expected 'radius' from 0 to 1000, found %lld", (long long)radius);
    return TESSERA_OK;
}

static tessera_status output_shape(
    const tessera_options *options, const tessera_shape *inputs, uint32_t input_count, tessera_shape *output,
    tessera_error *error) {
    (void)options;
    (void)input_count;
    if (inputs[0].rank != 4)
        return tessera_fail(
            error, TESSERA_SHAPE_MISMATCH, "expected batch, channels, height and width, found %u axes", inputs[0].rank);
    *output = inputs[0];
    return TESSERA_OK;
}

static tessera_status parameter_shape(
    const tessera_options *options, const tessera_shape *inputs, uint32_t input_count, uint32_t parameter,
    tessera_shape *shape, tessera_error *error) {
    (void)options;
    (void)input_count;
    (void)parameter;
    (void)error;
    shape->rank = 1;
    shape->sizes[0] = inputs[0].sizes[1];
    return TESSERA_OK;
}

static int64_t at_least(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }

/* The same channels, and `radius` more pixels on every side, as far as the map has them. */
static tessera_status input_region(
    const tessera_options *options, const tessera_shape *inputs, uint32_t input_count, const tessera_region *output,
    uint32_t input, tessera_region *region, tessera_error *error) {
    const int64_t radius = host->option_integer(options, "radius");
    (void)input_count;
    (void)error;
    *region = *output;
    for (int axis = 2; axis < 4; axis++) {
        region->start[axis] = at_least(0, output->start[axis] - radius);
        region->end[axis] = at_most(inputs[input].sizes[axis], output->end[axis] + radius);
    }
    return TESSERA_OK;
}

static int64_t multiply_accumulates(
    const tessera_options *options, const tessera_shape *inputs, uint32_t input_count, const tessera_region *output) {
    const int64_t side = 2 * host->option_integer(options, "radius") + 1;
    int64_t count = side * side;
    (void)inputs;
    (void)input_count;
    for (uint32_t axis = 0; axis < output->rank; axis++) count *= output->end[axis] - output->start[axis];
    return count;
}

/* The place of an element, by its position in the whole value, among those of a part of it. */
static int64_t offset(const tessera_region *part, int64_t n, int64_t c, int64_t y, int64_t x) {
    const int64_t channels = part->end[1] - part->start[1], height = part->end[2] - part->start[2],
                  width = part->end[3] - part->start[3];
    return (((n - part->start[0]) * channels + c - part->start[1]) * height + y - part->start[2]) * width + x
           - part->start[3];
}

static tessera_status forward(
    const tessera_options *options, const tessera_array *const *inputs, uint32_t input_count,
    const tessera_array *const *parameters, const tessera_array *output, tessera_error *error) {
    const int64_t radius = host->option_integer(options, "radius");
    const double amount = host->option_number(options, "amount");
    const tessera_array *input = inputs[0];
    const tessera_region *made = &output->region;
    (void)input_count;
    (void)error;
    for (int64_t n = made->start[0]; n < made->end[0]; n++)
        for (int64_t c = made->start[1]; c < made->end[1]; c++)
            for (int64_t y = made->start[2]; y < made->end[2]; y++)
                for (int64_t x = made->start[3]; x < made->end[3]; x++) {
                    const int64_t top = at_least(0, y - radius), bottom = at_most(input->shape.sizes[2] - 1, y + radius);
                    const int64_t left = at_least(0, x - radius), right = at_most(input->shape.sizes[3] - 1, x + radius);
                    double sum = 0;
                    /* The order of the sum does not depend on the region, so that parts equal the whole to the bit. */
                    for (int64_t row = top; row <= bottom; row++)
                        for (int64_t column = left; column <= right; column++)
                            sum += input->data[offset(&input->region, n, c, row, column)];
                    const double mean = sum / (double)((bottom - top + 1) * (right - left + 1));
                    const double pixel = input->data[offset(&input->region, n, c, y, x)];
                    output->data[offset(made, n, c, y, x)] =
                        (float)(parameters[0]->data[c] * (pixel + amount * (pixel - mean)));
                }
    return TESSERA_OK;
}

static const char *const input_names[] = {"x"};
static const tessera_parameter parameters[] = {{.name = "gain", .role = TESSERA_SCALE}};

static const tessera_operator operator_table = {
    .size = sizeof(tessera_operator),
    .kind = TESSERA_OPERATOR,
    .input_names = input_names,
    .input_count = 1,
    .largest_input_count = 1,
    .parameters = parameters,
    .parameter_count = 1,
    .parameter_size = sizeof(tessera_parameter),
    .shapes = "[batch, channels, height, width] → the same shape",
    .check_options = check_options,
    .output_shape = output_shape,
    .parameter_shape = parameter_shape,
    .input_region = input_region,
    .multiply_accumulates = multiply_accumulates,
    .forward = forward,
};

static tessera_status register_module(const tessera_host *own_host, const void **table, tessera_error *error) {
    (void)error;
    host = own_host;
    *table = &operator_table;
    return TESSERA_OK;
}

static const tessera_option options[] = {
    {"radius", TESSERA_INTEGER, "1", "how far away the pixels of the mean are at most"},
    {"amount", TESSERA_NUMBER, "0.5", "how much of the difference to the mean is added"},
};

static const tessera_descriptor descriptor = {
    .magic = TESSERA_PLUGIN_MAGIC,
    .abi_major = TESSERA_ABI_MAJOR,
    .abi_minor = TESSERA_ABI_MINOR,
    .size = sizeof(tessera_descriptor),
    .kind = TESSERA_OPERATOR,
    .name = "sharpen",
    .summary = "Adds what a pixel differs from the mean around it, times a factor of its channel",
    .version = "1.0",
    .options = options,
    .option_count = 2,
    .option_size = sizeof(tessera_option),
    .register_module = register_module,
};

TESSERA_EXPORT const tessera_descriptor *tessera_plugin(void) { return &descriptor; }
