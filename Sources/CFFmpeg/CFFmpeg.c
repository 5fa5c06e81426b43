#include "CFFmpeg.h"

// Everything is declared in the header; a C target needs a source file.
