/* A request for recommendations: an object of JSON on a line. */
#ifndef RECOMMEND_REQUEST_H
#define RECOMMEND_REQUEST_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

enum {
    REQUEST_TOP = 10000,  /* items that a request can ask for, */
    REQUEST_ITEMS = 10000 /* and that it can name: more would keep others waiting */
};

/* A name within the text of a request. */
struct request_name {
    size_t from, len;
};

struct request {
    struct buf id;   /* as it is written in JSON; empty: it has none */
    struct buf text; /* the names, end to end */
    bool has_user, has_items, has_times, has_candidates;
    struct request_name user, candidates;
    VEC(struct request_name) items; /* the events of the newest session, in the order of time */
    i64_vec times;                  /* [items] seconds since 1970 UTC, where it has them */
    int64_t now;                    /* below 0: not given */
    int32_t top;                    /* 0: not given */
    int exclude_seen;               /* 0 or 1; below 0: not given */
    struct buf word;                /* used while it is read */
};

/* Reads the line in place of what *r held.  65: it is no request; the text names the key.  The id
 * is there all the same, wherever it is on the line, if the line is JSON up to it. */
int request_read(struct request *r, struct bytes line, struct err *e);

static inline struct bytes request_text(const struct request *r, struct request_name n)
{
    return (struct bytes){r->text.at + n.from, n.len};
}

void request_release(struct request *r);

#endif
