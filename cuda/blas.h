/* cuBLAS: loaded when a device is opened, so that looking for one costs nothing. */
#ifndef CUDA_BLAS_H
#define CUDA_BLAS_H

#include "cuda.h"

/* False: `why` says what is missing. */
bool blas_load(char *why, size_t room);

/* The handle on the compute stream, with a workspace of fixed size: products repeat bit by bit.
 * `major`: the device's compute capability. */
void blas_open(struct cuda *c, int major);
void blas_close(struct cuda *c);

#endif
