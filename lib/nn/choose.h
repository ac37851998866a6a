/* Which device a program computes on: --device auto|cpu|cuda[:N]. */
#ifndef NN_CHOOSE_H
#define NN_CHOOSE_H

#include "nn/device.h"

/* Opens what was chosen; "auto" takes a GPU where one can be used, else the CPU.  64: no such
 * choice.  69: the device is not there. */
int device_choose(const char *choice, const struct device_options *o, struct device **d,
                  struct err *e);
void device_close(struct device *d); /* NULL is fine */

#endif
