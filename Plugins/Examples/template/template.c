/* Copy this folder, rename what is called 'template', and fill in `saliencies`. Other kinds differ in `kind` and in the table
   alone: see tessera_plugin.h. */
#include <tessera_plugin.h>

static const tessera_host *host;

static tessera_status saliencies(
    const tessera_options *options, const tessera_channel_group *group, double *saliencies, tessera_error *error) {
    const double factor = host->option_number(options, "factor");
    for (uint32_t channel = 0; channel < group->channel_count; channel++) {
        const tessera_weights kernels = group->channels[channel]->kernels;
        if (kernels.count == 0)
            return tessera_fail(error, TESSERA_NOT_SUPPORTED, "'%s' has a channel without kernels", group->name);
        double largest = 0;
        for (size_t index = 0; index < kernels.count; index++) {
            const double weight = kernels.values[index] < 0 ? -kernels.values[index] : kernels.values[index];
            if (weight > largest) largest = weight;
        }
        saliencies[channel] = factor * largest;
    }
    return TESSERA_OK;
}

static const tessera_metric metric = {
    .size = sizeof(tessera_metric), .kind = TESSERA_METRIC, .saliencies = saliencies};

static tessera_status register_module(const tessera_host *own_host, const void **table, tessera_error *error) {
    (void)error;
    host = own_host;
    *table = &metric;
    return TESSERA_OK;
}

static const tessera_option options[] = {
    {"factor", TESSERA_NUMBER, "1", "what values are multiplied by"},
};

static const tessera_descriptor descriptor = {
    .magic = TESSERA_PLUGIN_MAGIC,
    .abi_major = TESSERA_ABI_MAJOR,
    .abi_minor = TESSERA_ABI_MINOR,
    .size = sizeof(tessera_descriptor),
    .kind = TESSERA_METRIC,
    .name = "template",
    .summary = "the largest weight that makes a channel",
    .version = "1.0",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .option_size = sizeof(tessera_option),
    .register_module = register_module,
};

TESSERA_EXPORT const tessera_descriptor *tessera_plugin(void) { return &descriptor; }
