/* From sessions to recommendations, names in and names out. */
#ifndef RECOMMEND_RUN_H
#define RECOMMEND_RUN_H

#include "base/output_file.h"
#include "recommend/engine.h"
#include "stream/record.h"

/* The caller opens and closes what it points to, and releases. */
struct recommending {
    struct sessions_in *in;
    struct output_file *sink;
    struct saved_model *trained;
    struct device *device;
    struct engine advisor; /* with the caller's choice */
    struct users people;   /* with the caller's choice */
    bool json;

    i64_vec edges;
    int32_t current; /* whose sessions are being read; -1: nobody's */
    i32_vec asked;   /* users to be answered, each once */
    i32_vec with;    /* those of them who have a session */
    i32_vec turn;    /* by user: the batch in which he was asked last, from 1 */
    int32_t batch;   /* number of the one in hand */
    struct buf out;
    int64_t unanswered; /* of whose sessions the model knows nothing */
};

/* Reads all sessions and answers each user when his sessions end: another user's begin, the stream
 * was flushed, or it ends.  65, 74, 1. */
int recommending_run(struct recommending *r, struct err *e);
void recommending_release(struct recommending *r);

#endif
