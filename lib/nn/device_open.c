#include "nn/device_open.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "nn/backend_file.h"
#include "nn/bf16.h"

/* ---- the CUDA backend's file ---- */

#define BACKEND "sesspipe-cuda.so"

/* The functions that the file exports. */
struct backend {
    uint64_t (*table)(void);
    struct device *(*open)(const struct device_options *o, int index, char *why, size_t room);
    void (*about)(char *to, size_t room);
};

/* Loads the file for the rest of the process.  False: `why` is the reason. */
static bool backend_load(struct backend *b, char *why, size_t room)
{
    void *file =
        backend_file_load(BACKEND, "SESSPIPE_CUDA", " (make CUDA=1 builds it)", false, why, room);
    if (!file)
        return false;
    if (!backend_file_function(file, "sesspipe_cuda_table", &b->table) ||
        !backend_file_function(file, "sesspipe_cuda_open", &b->open) ||
        !backend_file_function(file, "sesspipe_cuda_about", &b->about) ||
        b->table() != device_table_version()) {
        snprintf(why, room, "%s is of another version: build both together", BACKEND);
        return false;
    }
    return true;
}

void device_about_cuda(struct buf *to)
{
    struct backend b;
    char text[1000];
    bool found = backend_load(&b, text, sizeof text);
    if (found)
        b.about(text, sizeof text);
    buf_format(to, "%s%s", found ? BACKEND " for " : "no: ", text);
}

/* ---- the choice ---- */

/* Whether the choice is a GPU; *index is its number. */
static bool names_gpu(const char *choice, int *index)
{
    int64_t number = 0;
    bool numbered = !strncmp(choice, "cuda:", 5) &&
                    num_i64(choice + 5, strlen(choice + 5), &number) && number >= 0 &&
                    number < 1 << 20;
    *index = (int)number;
    return numbered || !strcmp(choice, "cuda");
}

static struct device *open_gpu(const struct device_options *o, int index, char *why, size_t room)
{
    struct backend b;
    return backend_load(&b, why, room) ? b.open(o, index, why, room) : NULL;
}

/* Refuses a precision that the CPU does not have.  any: a GPU was acceptable too, and `why` is the
 * reason that there is none. */
static int cpu_refuses(enum precision precision, bool any, const char *why, struct err *e)
{
    bool tf32 = precision == PRECISION_TF32;
    const char *missing = precision == PRECISION_BF16 ? bf16_missing() : "the CPU has f32 and bf16";
    if (precision == PRECISION_F32 || !missing)
        return 0;
    return err_set(e, tf32 ? STATUS_USAGE : STATUS_UNAVAILABLE,
                   "--precision %s: %s%s%s%s: use --precision f32", tf32 ? "tf32" : "bf16", missing,
                   any ? " (and no usable GPU: " : "", why, any ? ")" : "");
}

int device_choose(const char *choice, const struct device_options *o, struct device **d,
                  struct err *e)
{
    char why[800] = "";
    int index;
    *d = NULL;
    bool gpu = names_gpu(choice, &index), any = !strcmp(choice, "auto");
    if (!gpu && !any && strcmp(choice, "cpu"))
        return err_set(e, STATUS_USAGE, "--device %s: choose from auto, cpu, cuda, cuda:N", choice);
    if (gpu || any)
        *d = open_gpu(o, index, why, sizeof why);
    if (gpu && !*d)
        return err_set(e, STATUS_UNAVAILABLE,
                       "--device %s: no usable GPU: %s: use --device cpu or --device auto", choice,
                       why);
    if (!*d && cpu_refuses(o->precision, any, why, e))
        return e->status;
    if (!*d)
        *d = cpu_open(o);
    (*d)->threads = o->threads;
    if (any)
        err_set(e, 0, "--device auto: %s%s%s%s", *why ? "no usable GPU: " : "", why,
                *why ? ": so " : "", (*d)->name);
    return 0;
}

void device_close(struct device *d)
{
    if (d)
        d->close(d);
}

enum precision precision_of(const char *name)
{
    return !strcmp(name, "bf16")   ? PRECISION_BF16
           : !strcmp(name, "tf32") ? PRECISION_TF32
                                   : PRECISION_F32;
}
