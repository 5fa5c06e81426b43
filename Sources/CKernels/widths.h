// Compiles the file KERNEL twice: for vectors of 8 and, named otherwise, for those of 16, of which AVX-512 has registers for more rows.

#define SUFFIX narrow
#define TARGET NARROW_TARGET
#define VECTOR vector8
#define WIDTH 8
#define VECTORS 2
#define ROWS 6
#define SPREAD SPREAD8
#include KERNEL
#include "no_width.h"

#define SUFFIX wide
#define TARGET WIDE_TARGET
#define VECTOR vector16
#define WIDTH 16
#define VECTORS 2
#define ROWS 12
#define SPREAD SPREAD16
#include KERNEL
#include "no_width.h"
#undef KERNEL
