/* cuBLAS, loaded when a device is opened, so that programs that use no GPU do not load it. */
#ifndef CUDA_BLAS_H
#define CUDA_BLAS_H

#include "cuda.h"

/* Loads the library.  False: `why` says what is missing. */
bool blas_load(char *why, size_t room);

/* Opens a handle on the compute stream with a workspace of fixed size, so that products repeat bit
 * by bit.  `major`: the device's compute capability. */
void blas_open(struct cuda *c, int major);
void blas_close(struct cuda *c);

#endif
