/* Selects the device that a program computes on: --device auto|cpu|cuda[:N].
 *
 * The CUDA backend is a shared object that is loaded on demand, so that one program runs with and
 * without it, and with and without a driver: sesspipe-cuda.so, beside the program or in
 * ../lib/sesspipe from there, or the file that the environment variable SESSPIPE_CUDA names. */
#ifndef NN_DEVICE_OPEN_H
#define NN_DEVICE_OPEN_H

#include "base/buf.h"
#include "nn/ops.h"

/* Opens the chosen device.  "auto" takes a GPU where one can be used, else the CPU, and sets
 * e->text to a line that says which and why.  Errors: 64: no such choice, or a precision that the
 * CPU does not have; 69: the device is not available. */
int device_choose(const char *choice, const struct device_options *o, struct device **d,
                  struct err *e);
void device_close(struct device *d); /* NULL is allowed */

/* The precision of "f32", "tf32" or "bf16", the choices of --precision. */
enum precision precision_of(const char *name);

/* Appends what --version says of the CUDA backend: "sesspipe-cuda.so for sm_80, sm_90, PTX; ...",
 * "no: ...". */
void device_about_cuda(struct buf *to);

#endif
