/* Schemes: which training sessions a batch holds, and in which order.  A new scheme is one function
 * and one row. */
#ifndef DATA_SCHEME_H
#define DATA_SCHEME_H

#include <stdbool.h>

#include "data/session_store.h"

/* What schemes read, and where the schedule goes.  The caller sets all but the last three. */
struct schedule_out {
    const struct session_store *store;
    struct frame_out *out;
    int64_t size;                 /* sessions a batch, at most; slots of parallel mini-batches */
    int64_t min_batch;            /* training batches of fewer sessions are marked learn: 0 */
    const unsigned char *learned; /* [S] 0: this training session is in no batch; NULL: all are */
    uint64_t seed;
    uint64_t training; /* training sessions of this pass, those in batches */
    uint64_t left_out; /* those of them in batches marked learn: 0 */
    uint64_t left_out_events;
};

struct scheme {
    const char *name;
    bool keeps_order; /* each user's sessions come in order, none twice in a batch */
    bool parallel;    /* writes parallel mini-batches, of sessions of two events and more */
    bool repeats;     /* all passes are the same */
    int per_session;  /* bytes of memory that a pass takes for each session */

    /* One pass: writes each session of the epoch's part once.  Random choices depend on the seed
     * and the epoch alone. */
    int (*pass)(struct schedule_out *s, struct epoch epoch, struct err *e);
};

enum { SCHEME_PER_USER = 16 }; /* bytes of memory that a pass of any scheme takes for each user */

extern const struct scheme scheme_table[]; /* ends with a name of NULL */

/* The scheme of validation and test passes: the first of the table. */
const struct scheme *scheme_of_tests(void);

const struct scheme *scheme_find(const char *name); /* NULL: no such scheme */
void scheme_names(struct buf *to);                  /* "one|other", with a NUL after */

#endif
