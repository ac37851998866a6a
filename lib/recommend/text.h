/* Recommendations as lines of TSV or JSON. */
#ifndef RECOMMEND_TEXT_H
#define RECOMMEND_TEXT_H

#include "recommend/engine.h"
#include "recommend/titles.h"

struct text_names {
    const struct names *users, *items; /* of the stream; of the model */
};

/* Lines of user, rank, item, score; then of user, level, session or event, weight: the reasons. */
void text_tsv(struct buf *to, const struct engine *a, const struct users *users,
              const struct recommendation *answer, const struct text_names *names);

/* The members "items" and, with reasons, "why" of an object; titles NULL: items have none. */
void text_answer(struct buf *to, const struct engine *a, const struct users *users,
                 const struct recommendation *answer, const struct titles *titles);

/* One object on a line. */
void text_json(struct buf *to, const struct engine *a, const struct users *users,
               const struct recommendation *answer, const struct text_names *names);

#endif
