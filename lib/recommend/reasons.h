/* Reasons of a recommendation: what the model's attention weighed most. */
#ifndef RECOMMEND_REASONS_H
#define RECOMMEND_REASONS_H

#include "recommend/engine.h"

/* Appends the reasons of each recommendation, from the forward pass over the newest sessions. */
void reasons_find(struct engine *a, const struct batch *b, const struct forward *f);

#endif
