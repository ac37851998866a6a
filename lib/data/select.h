/* The records of one user or one item of a stream of any kind, as lines of JSON. */
#ifndef DATA_SELECT_H
#define DATA_SELECT_H

#include "data/reindex.h"
#include "stream/any.h"

struct select_options {
    uint64_t head;   /* records to show, at most */
    bool user, item; /* those of the user or of the item `name`: one of the two is set */
    struct bytes name;
};

/* Reads "user=NAME" or "item=NAME".  64: neither. */
int select_grep(struct select_options *o, const char *text, struct err *e);

/* {.options = ..., .sink = ...}; the caller frees by select_release. */
struct selection {
    const struct select_options *options;
    struct output_file *sink;
    enum stream_kind kind;
    struct frame_out out;   /* hands each record to the lines */
    struct reindex relabel; /* of sessions */
    uint64_t kept;
    bool found;                     /* a user or item of the name */
    int32_t id;                     /* its id in the current part; -1: not seen yet */
    int64_t seen, ranked;           /* ranks of the pass so far: in the input, shown */
    double loss;                    /* sum over those shown */
    VEC(unsigned char) keep, shown; /* of rows; by session of a schedule */
    struct buf text;                /* lines */
};

/* Reads the input to its end or until `head` and writes what is kept of it: rows of other users and
 * items are taken out of predictions, sessions out of batches.  Committing the sink is the
 * caller's. */
int select_run(struct selection *p, struct any_in *in, struct err *e);

void select_release(struct selection *p);

#endif
