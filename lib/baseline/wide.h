/* The ready-made wide model as a baseline: a small network over counts, whose weights were trained
 * on other logs (model/wide_ready.h).  With c(i) how often training has the item,
 *
 *     s(i) = δ(i)                where there is evidence of i (model/wide_score.h)
 *          = β log(c(i) + ½)     elsewhere
 *     p(i) = exp s(i) / Σ exp s(j)
 *
 * Items of equal score are ordered as in other baselines. */
#ifndef BASELINE_WIDE_H
#define BASELINE_WIDE_H

#include "baseline/private.h"

/* After popularity and places are known: counts in the training sessions, online in those of all
 * users that had ended. */
struct baseline_wide *baseline_wide_new(const struct baseline *b);
void baseline_wide_free(struct baseline_wide *w); /* NULL is fine */

/* Reads what counting says at each position of these sessions, which are numbered on from 0 where
 * they are asked for, until the next call. */
void baseline_wide_read(struct baseline *b, const int32_t *session, size_t count, int threads);

/* As baseline_answer, of a position that was read.  Several threads may ask at once. */
struct verdict baseline_wide_answer(const struct baseline *b, size_t position, int32_t target,
                                    int32_t k, int32_t *items, float *scores);

#endif
