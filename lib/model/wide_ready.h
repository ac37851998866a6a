/* Weights of a wide part that were trained on several logs at once: they belong to no item and no
 * user, so they serve any log.  `make weights` makes wide_ready.c. */
#ifndef MODEL_WIDE_READY_H
#define MODEL_WIDE_READY_H

#include <stddef.h>

struct wide_ready {
    const char *name; /* of the parameter; NULL ends the table */
    size_t count;
    const float *value;
};
extern const struct wide_ready wide_ready[];

/* Sets the allocated parameters of a model that is the wide part alone. */
struct model;
void wide_ready_put(struct model *m);

#endif
