/* Writes sessions with new ids in order of first use, so that an output defines only users and
 * items that its sessions use. */
#ifndef DATA_REINDEX_H
#define DATA_REINDEX_H

#include "data/user_sessions.h"
#include "stream/record.h"

/* The new ids and the attributes of users or of items, by the ids of the input. */
struct new_ids {
    const struct names *names; /* the input's, not owned */
    i32_vec id;                /* -1: not used yet */
    int32_t used;
    struct buf packed; /* attributes end to end */
    VEC(size_t) end;   /* where those of each one end in packed; nobody after these has any */
};

/* Notes a user or item of the input; call it in the order of the ids. */
void new_ids_note(struct new_ids *l, const struct named *n);
/* Valid until the next new_ids_note. */
struct attributes new_ids_attributes(const struct new_ids *l, int32_t id);

struct reindex {
    struct new_ids users, items;
    const int64_t *train; /* by item id of the input: how often the training part has it, which item
                             records then say; NULL: sessions are not split */
    i32_vec scratch;
    struct buf packed;
};

/* Writes the user's sessions, each after the definitions that it is the first to use. */
int reindex_write(struct reindex *r, struct frame_out *out, const struct user_sessions *h,
                  struct err *e);
int reindex_session(struct reindex *r, struct frame_out *out, const struct session *s,
                    struct err *e); /* one */
void reindex_release(struct reindex *r);

#endif
