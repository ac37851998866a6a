/* Reads sessions and writes recommendations; both name users and items. */
#ifndef RECOMMEND_RUN_H
#define RECOMMEND_RUN_H

#include "base/output_file.h"
#include "recommend/engine.h"
#include "stream/record.h"

/* The caller opens and closes what the pointers point to. */
struct recommending {
    struct sessions_in *in;
    struct output_file *output;
    struct saved_model *saved;
    struct device *device;
    struct engine engine; /* its options set by the caller */
    struct users users;   /* `keep` set by the caller */
    int32_t top;          /* items for each user */
    enum exclude exclude;
    bool json;
    int threads;            /* that write answers; 0: one a core */
    struct vectors vectors; /* `prefix` set by the caller */

    i64_vec edges;
    int32_t current;                 /* the user whose sessions are being read; -1: nobody */
    i32_vec asked;                   /* users of the current batch of answers, each once */
    VEC(struct question) answerable; /* of those of them who have a session */
    i32_vec place;                   /* by place in `asked`: in `answerable`; -1: no session */
    i32_vec asked_in;                /* by user: number of the last batch that has them */
    int32_t batch;                   /* number of the current batch, from 1 */
    int64_t newest_asked;            /* the latest start of their newest sessions */
    i32_vec known;                   /* a session by the model's ids */
    VEC(struct buf) text;            /* the answers in parts, one for each thread */
    int64_t unanswered;              /* users of whose sessions the model knows nothing */
};

/* Reads all sessions and answers each user when their sessions end: when another user's sessions
 * begin, when the stream was flushed, or when it ends.  Where the engine grows, each session counts
 * for those that come after it and begin after its last event.  Writes the vectors at the end.
 * 65, 73, 74, 1; 64: vectors_check. */
int recommending_run(struct recommending *r, struct err *e);
void recommending_release(struct recommending *r);

#endif
