/* A saliency metric: the Lp norm of the weights that make a channel. p = 1 is Tessera's 'l1', p = 2 its 'l2'. */
#include <math.h>
#include <tessera_plugin.h>

static const tessera_host *host;

static tessera_status check_options(const tessera_options *options, tessera_error *error) {
    const double p = host->option_number(options, "p");
    if (!(p >= 1)) return tessera_fail(error, TESSERA_INVALID_ARGUMENT, "expected 'p' of at least 1, found %g", p);
    return TESSERA_OK;
}

static tessera_status saliencies(
    const tessera_options *options, const tessera_channel_group *group, double *saliencies, tessera_error *error) {
    const double p = host->option_number(options, "p");
    (void)error;
    for (uint32_t channel = 0; channel < group->channel_count; channel++) {
        const tessera_weights kernels = group->channels[channel]->kernels;
        double sum = 0;
        for (size_t index = 0; index < kernels.count; index++) sum += pow(fabs(kernels.values[index]), p);
        saliencies[channel] = pow(sum, 1 / p);
    }
    return TESSERA_OK;
}

static const tessera_metric metric = {
    .size = sizeof(tessera_metric),
    .kind = TESSERA_METRIC,
    .check_options = check_options,
    .saliencies = saliencies,
};

static tessera_status register_module(const tessera_host *own_host, const void **table, tessera_error *error) {
    (void)error;
    host = own_host;
    *table = &metric;
    return TESSERA_OK;
}

static const tessera_option options[] = {
    {"p", TESSERA_NUMBER, "2", "the exponent, at least 1"},
};

static const tessera_descriptor descriptor = {
    .magic = TESSERA_PLUGIN_MAGIC,
    .abi_major = TESSERA_ABI_MAJOR,
    .abi_minor = TESSERA_ABI_MINOR,
    .size = sizeof(tessera_descriptor),
    .kind = TESSERA_METRIC,
    .name = "lp-norm",
    .summary = "the Lp norm of the weights that make a channel",
    .version = "1.0",
    .options = options,
    .option_count = 1,
    .option_size = sizeof(tessera_option),
    .register_module = register_module,
};

TESSERA_EXPORT const tessera_descriptor *tessera_plugin(void) { return &descriptor; }
