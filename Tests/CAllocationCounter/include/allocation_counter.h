// Counts what the calling thread allocates, but for what oneDNN and the libraries it stands on do.
#pragma once

void allocation_counter_start(void);
/// The number of allocations since the start.
long allocation_counter_stop(void);
