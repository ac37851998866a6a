#include "nn/choose.h"

#include <string.h>

#include "base/num.h"

static bool names_gpu(const char *choice)
{
    int64_t number;
    if (!strcmp(choice, "cuda"))
        return true;
    return !strncmp(choice, "cuda:", 5) && num_i64(choice + 5, strlen(choice + 5), &number) &&
           number >= 0;
}

int device_choose(const char *choice, const struct device_options *o, struct device **d,
                  struct err *e)
{
    *d = NULL;
    if (names_gpu(choice))
        return err_set(e, STATUS_UNAVAILABLE,
                       "--device %s: no usable GPU: use --device cpu or --device auto", choice);
    if (strcmp(choice, "auto") && strcmp(choice, "cpu"))
        return err_set(e, STATUS_USAGE, "--device %s: choose from auto, cpu, cuda, cuda:N", choice);
    *d = cpu_open(o);
    return 0;
}

void device_close(struct device *d)
{
    if (d)
        cpu_close(d);
}
