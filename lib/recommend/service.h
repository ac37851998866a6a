/* Answers requests, each a line of JSON, with a model, users' earlier sessions and sets of items,
 * which are read again on SIGHUP. */
#ifndef RECOMMEND_SERVICE_H
#define RECOMMEND_SERVICE_H

#include "base/lines.h"
#include "base/output_file.h"
#include "cli/cli.h"
#include "recommend/known.h"
#include "recommend/request.h"

/* A request that waits for its answer. */
struct waiting {
    struct request request;
    const struct item_set *among; /* NULL: all items */
    bool answered;
    bool later;        /* not together with the questions that are being answered */
    int64_t unknown;   /* of its items */
    struct buf answer; /* the line */
};

/* Set by the caller: all before `known`. */
struct service {
    struct cli *cli; /* says what is wrong with files that are read again */
    struct known_files files;
    struct device *device;
    struct output_file *output;
    int32_t top, batch;
    enum exclude exclude;

    struct known *known;
    VEC(struct waiting) waiting; /* room for `batch` */
    size_t count;                /* of those in it */
    /* the questions to which one batch of the engine gives the answers, and who asks them */
    struct users asking;
    VEC(struct question) asked;
    VEC(struct waiting *) asker;
    i64_vec time; /* of a request's own session */
    i32_vec item;
    i32_vec number; /* of a session's events among the items of `asking` */
    struct buf out;
};

/* Reads requests from standard input to its end and answers each on a line, in their order, as soon
 * as no more are waiting.  A request that cannot be answered gets an error on its line.  64, 65,
 * 66: the files; 74: input or output fails. */
int service_run(struct service *s, struct err *e);
void service_release(struct service *s);

#endif
