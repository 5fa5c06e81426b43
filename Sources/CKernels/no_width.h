// Takes back what a file of kernels was compiled with, for the next vectors.
#undef SUFFIX
#undef TARGET
#undef VECTOR
#undef WIDTH
#undef VECTORS
#undef ROWS
#undef SPREAD
