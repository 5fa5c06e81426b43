/* A partition strategy: strips of the same height, put together after every layer of some kinds. */
#include <string.h>
#include <tessera_plugin.h>

static const tessera_host *host;

/* Whether the maps are put together after a value. */
static int is_cut(const tessera_options *options, const tessera_value *value) {
    const char *const *kinds = NULL;
    const size_t count = host->option_texts(options, "cut_after", &kinds);
    for (size_t index = 0; index < count; index++)
        if (value->kind != NULL && strcmp(value->kind, kinds[index]) == 0) return 1;
    return 0;
}

static tessera_status partition(
    const tessera_options *options, const tessera_span *span, tessera_planner *planner, tessera_error *error) {
    for (uint32_t index = 0; index < span->cut_point_count; index++) {
        const tessera_value *value = span->values[span->cut_points[index]];
        const int is_last = index + 1 == span->cut_point_count;
        if (!is_last && !is_cut(options, value)) continue;
        tessera_status status = host->begin_stage(planner, span->cut_points[index], error);
        if (status != TESSERA_OK) return status;
        tessera_region region = {.rank = value->shape.rank};
        memcpy(region.end, value->shape.sizes, sizeof region.end);
        const int64_t rows = value->shape.sizes[2];
        for (uint32_t node = 0; node < span->node_count; node++) {
            region.start[2] = rows * node / span->node_count;
            region.end[2] = rows * (node + 1) / span->node_count;
            /* A map with fewer rows than there are nodes leaves some of them without: empty regions are passed over. */
            status = host->add_tile(planner, node, &region, error);
            if (status != TESSERA_OK) return status;
        }
    }
    return TESSERA_OK;
}

static const tessera_strategy strategy = {
    .size = sizeof(tessera_strategy), .kind = TESSERA_STRATEGY, .partition = partition};

static tessera_status register_module(const tessera_host *own_host, const void **table, tessera_error *error) {
    (void)error;
    host = own_host;
    *table = &strategy;
    return TESSERA_OK;
}

static const tessera_option options[] = {
    {"cut_after", TESSERA_TEXTS, "[max_pool]", "kinds of layers after which the maps are put together"},
};

static const tessera_descriptor descriptor = {
    .magic = TESSERA_PLUGIN_MAGIC,
    .abi_major = TESSERA_ABI_MAJOR,
    .abi_minor = TESSERA_ABI_MINOR,
    .size = sizeof(tessera_descriptor),
    .kind = TESSERA_STRATEGY,
    .name = "height-strips-c",
    .summary = "strips of the same height, put together after every max pool",
    .version = "1.0",
    .options = options,
    .option_count = 1,
    .option_size = sizeof(tessera_option),
    .register_module = register_module,
};

TESSERA_EXPORT const tessera_descriptor *tessera_plugin(void) { return &descriptor; }
