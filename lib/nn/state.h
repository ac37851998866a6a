/* The state that a run needs to continue later.  Every part of a run that changes lists its state
 * once, in one function that takes a `struct state`; the same list measures the state, writes it to
 * a file and restores it from one:
 *
 *     void tally_state(struct rank_counts *t, struct state *s)
 *     {
 *         state_begin(s, "tally");
 *         state_i64(s, "events", &t->events, 0, INT64_MAX);   the array "tally.events"
 *         state_end(s);
 *     }
 *
 * The file has the safetensors format; each number and array is an entry (nn/safetensors.h).
 *
 * Restoring checks types, shapes and bounds.  After the first failure no variable changes any more,
 * and the error names the field.  A list whose course depends on what it has read must check
 * state_good before. */
#ifndef NN_STATE_H
#define NN_STATE_H

#include "base/output_file.h"
#include "nn/ops.h"
#include "nn/safetensors.h"

struct state; /* opaque */

/* A list of the whole state: called with `of`, twice for writing. */
typedef void state_list(void *of, struct state *s);

/* Writes the list to `to`, a file that is open and empty; the caller commits it.  Errors: 74. */
int state_write(struct output_file *to, const struct safetensors_text *texts, int text_count,
                state_list *list, void *of, struct err *e);

/* Restores the list from the file.  Errors: 65: a field is missing, has another type or shape, is
 * out of bounds, or is unknown to the list; or the bytes do not match their hash. */
int state_read(const struct safetensors *from, state_list *list, void *of, struct err *e);

/* Names from here to state_end get the prefix `name` and a point. */
void state_begin(struct state *s, const char *name);
void state_end(struct state *s);

/* One number; a restored one must be within low and high. */
void state_i64(struct state *s, const char *name, int64_t *x, int64_t low, int64_t high);
void state_i32(struct state *s, const char *name, int32_t *x, int32_t low, int32_t high);
void state_flag(struct state *s, const char *name, bool *x);
void state_f64(struct state *s, const char *name, double *x); /* any but NaN */

/* Arrays.  A restored array has the length that was written; each element must be within the
 * bounds. */
void state_i32s(struct state *s, const char *name, i32_vec *v, int32_t low, int32_t high);
void state_i64s(struct state *s, const char *name, i64_vec *v, int64_t low, int64_t high);
void state_f32s(struct state *s, const char *name, f32_vec *v);
void state_bytes(struct state *s, const char *name, struct buf *b);

/* Floats and integers of that shape, of a device or (d NULL) of the host. */
void state_floats(struct state *s, const char *name, int dims, const int64_t *shape,
                  struct device *d, float *at);
void state_ints(struct state *s, const char *name, int64_t count, struct device *d, int32_t *at);

/* Whether the list is being restored from a file. */
bool state_restoring(const struct state *s);

/* False after a failure: values were not restored. */
bool state_good(const struct state *s);

/* Reports that restored values contradict each other: "NAME: WHAT", 65. */
void state_refuse(struct state *s, const char *name, const char *what);

#endif
