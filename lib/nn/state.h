/* What a run needs to go on later.  Every part of a run that changes while it runs lists its state
 * once, in one function that takes a `struct state`; the same list measures it, writes it to a file
 * and restores it from one:
 *
 *     void tally_state(struct rank_counts *t, struct state *s)
 *     {
 *         state_begin(s, "tally");
 *         state_i64(s, "events", &t->events, 0, INT64_MAX);   the array "tally.events"
 *         state_end(s);
 *     }
 *
 * The file is of the safetensors format: each number and array an entry of its own
 * (nn/safetensors.h).
 *
 * Restoring checks types, shapes and bounds.  The first failure sticks: what comes after it leaves
 * its variables alone, and the text names the field.  A list whose course depends on what it reads
 * looks at state_restored between. */
#ifndef NN_STATE_H
#define NN_STATE_H

#include "base/output_file.h"
#include "nn/ops.h"
#include "nn/safetensors.h"

struct state; /* opaque */

/* A whole file: `list` is called with `of`, twice for writing. */
typedef void state_list(void *of, struct state *s);

/* Writes it through the sink, a file that is open and empty; committing is the caller's.  74. */
int state_write(struct output_file *to, const struct safetensors_text *texts, int text_count,
                state_list *list, void *of, struct err *e);

/* Restores everything from the file.  65: a field is missing, has another type or shape, is out of
 * bounds, or the list does not know it; or bytes do not fit their hash. */
int state_read(const struct safetensors *from, state_list *list, void *of, struct err *e);

/* Names from here to state_end stand under `name` and a point. */
void state_begin(struct state *s, const char *name);
void state_end(struct state *s);

/* One number; low and high are the bounds that a restored one has to keep. */
void state_i64(struct state *s, const char *name, int64_t *x, int64_t low, int64_t high);
void state_i32(struct state *s, const char *name, int32_t *x, int32_t low, int32_t high);
void state_flag(struct state *s, const char *name, bool *x);
void state_f64(struct state *s, const char *name, double *x); /* any but NaN */

/* Arrays that are restored at the length they were written with, each element within bounds. */
void state_i32s(struct state *s, const char *name, i32_vec *v, int32_t low, int32_t high);
void state_i64s(struct state *s, const char *name, i64_vec *v, int64_t low, int64_t high);
void state_f32s(struct state *s, const char *name, f32_vec *v);
void state_bytes(struct state *s, const char *name, struct buf *b);

/* Floats and integers of a device, or of the host (d = NULL), which have that shape. */
void state_floats(struct state *s, const char *name, int dims, const int64_t *shape,
                  struct device *d, float *at);
void state_ints(struct state *s, const char *name, int64_t count, struct device *d, int32_t *at);

/* Whether what a list has set is being replaced by what is read: true while restoring. */
bool state_restoring(const struct state *s);

/* False after a failure: what should have been restored is not there. */
bool state_good(const struct state *s);

/* What was restored does not fit together: "NAME: WHAT", 65. */
void state_refuse(struct state *s, const char *name, const char *what);

#endif
