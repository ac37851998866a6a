/* Answers as lines. */
#ifndef RECOMMEND_TEXT_H
#define RECOMMEND_TEXT_H

#include "recommend/engine.h"

struct text_names {
    const struct names *users, *items; /* the stream's; the model's */
};

/* user, rank, item, score; then user, level, session or event, weight for each reason. */
void text_tsv(struct buf *to, const struct engine *a, const struct users *people,
              const struct recommendation *answer, const struct text_names *names);

/* One object. */
void text_json(struct buf *to, const struct engine *a, const struct users *people,
               const struct recommendation *answer, const struct text_names *names);

#endif
