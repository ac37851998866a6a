/* The device that tests of operations and of models run on: TEST_DEVICE names it as --device does;
 * without it, the CPU.  What an operation reads and writes is memory of that device. */
#ifndef TESTS_DEVICE_H
#define TESTS_DEVICE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "nn/device_open.h"

static inline const char *test_device_name(void)
{
    const char *name = getenv("TEST_DEVICE");
    return name && *name ? name : "cpu";
}

static inline struct device *test_device(const struct device_options *o)
{
    struct device *d;
    struct err e;
    if (device_choose(test_device_name(), o, &d, &e)) {
        printf("Bail out! %s\n", e.text);
        exit(1);
    }
    return d;
}

/* Of n samples, how many to take: fewer on a device that may be an emulation, unless SESSPIPE_LONG
 * asks for all. */
static inline int test_some(int n)
{
    return getenv("SESSPIPE_LONG") || !strcmp(test_device_name(), "cpu") ? n : (n + 5) / 6;
}

/* New memory of the device with what stands at `host`; to be released. */
static inline void *to_device(struct device *d, const void *host, size_t bytes)
{
    void *p = d->op->alloc(d, bytes);
    d->op->upload(d, p, host, bytes);
    return p;
}

/* New memory of the host with what stands on the device; to be freed. */
static inline void *to_host(struct device *d, const void *p, size_t bytes)
{
    void *host = mem_alloc(bytes);
    d->op->download(d, host, p, bytes);
    return host;
}

static inline float device_float(struct device *d, const float *p)
{
    float x;
    d->op->download(d, &x, p, sizeof x);
    return x;
}

static inline void device_set_float(struct device *d, float *p, float x)
{
    d->op->upload(d, p, &x, sizeof x);
}

#endif
