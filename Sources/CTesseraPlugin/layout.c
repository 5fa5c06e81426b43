#include "tessera_plugin.h"

/* The places of fields in what crosses between host and libraries: changing one is a new major version. */
#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field)

AT(tessera_descriptor, magic, 0);
AT(tessera_descriptor, abi_major, 4);
AT(tessera_descriptor, abi_minor, 8);
AT(tessera_descriptor, size, 12);
AT(tessera_descriptor, kind, 16);
AT(tessera_descriptor, name, 24);
AT(tessera_descriptor, register_module, 64);
AT(tessera_host, option_integer, 32);
AT(tessera_host, write, 88);
AT(tessera_host, begin_stage, 96);
AT(tessera_host, link_opened, 144);
AT(tessera_strategy, kind, 4);
AT(tessera_strategy, partition, 16);
AT(tessera_metric, saliencies, 24);
AT(tessera_codec, decode, 48);
AT(tessera_operator, forward, 96);
AT(tessera_transport, stop, 64);
_Static_assert(sizeof(tessera_region) == 136, "tessera_region");
_Static_assert(sizeof(tessera_shape) == 72, "tessera_shape");
_Static_assert(sizeof(tessera_array) == 216, "tessera_array");
