/* What weighed most in an answer, from the model's attention. */
#ifndef RECOMMEND_REASONS_H
#define RECOMMEND_REASONS_H

#include "recommend/engine.h"

/* Appends the reasons of each answer, from the forward pass of the batch of newest sessions. */
void reasons_find(struct engine *a, const struct batch *b, const struct forward *f);

#endif
