/* The levels at which a model attends: one table for models, streams and figures
 * (sesspipe-stream(5)). */
#ifndef BASE_ATTENTION_LEVELS_H
#define BASE_ATTENTION_LEVELS_H

#include <stdbool.h>

#include "base/buf.h"

enum attention_level {
    LEVEL_INTER,
    LEVEL_INTRA,
    LEVEL_USER,
    LEVEL_SESSION,
    LEVEL_ITEM,
    LEVELS /* how many there are */
};

struct level_info {
    const char *name;    /* in the stream's records */
    const char *title;   /* of its figures */
    const char *says;    /* what attends to what, a sentence */
    const char *records; /* what has weights of its own, plural: "sessions" */
    const char *one;     /* what is attended to, singular: "earlier session" */
    bool events;         /* events are attended to, else sessions with contents */
    bool by_target;      /* a record has a row of weights for each target, else one row */
    bool several;        /* a session has several records: of positions or of earlier sessions */
};

extern const struct level_info attention_levels[LEVELS];

/* The level of that name; NULL: there is none. */
const struct level_info *attention_level_find(struct bytes name);

#endif
