/* Part of a stream of any kind: its first records, those of one user or item. */
#ifndef DATA_SELECT_H
#define DATA_SELECT_H

#include "data/reindex.h"
#include "stream/any.h"

struct select_options {
    uint64_t head;   /* records to keep, at most */
    bool user, item; /* those of the user or item `name` only */
    struct bytes name;
    bool lines; /* JSON instead of a stream: definitions come where they are asked for */
};

/* Reads "user=NAME" or "item=NAME".  64: neither. */
int select_grep(struct select_options *o, const char *text, struct err *e);

/* Where it goes.  As a stream: the sink, and what the header says of the program. */
struct select_to {
    struct output_file *sink;
    const char *program, *version;
    struct bytes options; /* packed */
};

/* {.options = ..., .to = ...}; the caller frees by select_release. */
struct selection {
    const struct select_options *options;
    struct select_to to;
    enum stream_kind kind;
    struct frame_out out;
    struct reindex relabel; /* sessions: an output defines nothing that no session of it has */
    uint64_t kept;
    bool found;                     /* a user or item of the name */
    int32_t id;                     /* its id in the part in hand; -1: not yet */
    bool in_pass;                   /* an epoch of predictions was kept, and its end is to come */
    int64_t seen, ranked;           /* ranks of the pass so far: in the input, kept */
    double loss;                    /* of those kept, summed */
    VEC(unsigned char) keep, begun; /* of rows; of lanes: the user was there in this pass */
    struct buf text;                /* lines */
};

/* Reads the input to its end, or as lines until `head`, and writes what is kept of it: rows of
 * other users and items are taken out of batches and predictions, and what a valid stream needs is
 * there: sessions with ids of their own, all definitions of batches and predictions, the end of a
 * pass that was begun, with what the kept ranks came to.  Committing the sink is the caller's. */
int select_run(struct selection *p, struct any_in *in, struct err *e);

/* Writes what a failing program writes instead of the end. */
void select_abort(struct selection *p, const struct err *why);
void select_release(struct selection *p);

#endif
