/* Which device a program computes on: --device auto|cpu|cuda[:N].
 *
 * The CUDA backend is a shared object that is opened where it is asked for, so that one program
 * runs with and without it, and with and without a driver: sesspipe-cuda.so, beside the program or
 * in
 * ../lib/sesspipe from there, or the file that the environment variable SESSPIPE_CUDA names. */
#ifndef NN_DEVICE_OPEN_H
#define NN_DEVICE_OPEN_H

#include "nn/ops.h"

/* Opens what was chosen; "auto" takes a GPU where one can be used, else the CPU, and then e->text
 * tells in a line what was taken and why.  64: no such choice, or a precision that the CPU has not.
 * 69: the device is not there. */
int device_choose(const char *choice, const struct device_options *o, struct device **d,
                  struct err *e);
void device_close(struct device *d); /* NULL is fine */

/* "f32", "tf32", "bf16"; the choices are those of --precision. */
enum precision precision_of(const char *name);

/* What can be loaded, for --version: "sesspipe-cuda.so for sm_80, sm_90, PTX; ...", "no: ...". */
const char *device_about_cuda(void);

#endif
