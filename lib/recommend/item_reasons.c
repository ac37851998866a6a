#include "recommend/item_reasons.h"

static const double LEAST = 0.1; /* of what the first reason adds */

/* The place of an item among the candidates of a user; -1: it is not one of them. */
static int32_t candidate_of(const struct evidence *e, size_t position, int32_t item)
{
    for (int32_t i = e->start[position]; i < e->start[position + 1]; i++)
        if (e->item[i] == item)
            return i;
    return -1;
}

/* What the score of an item loses without the kind; 0 where it has nothing of the kind. */
static float loss_without(const struct engine *a, const float *hidden, const float *phi,
                          enum evidence_kind kind, float whole)
{
    float less[EVIDENCE_FEATURES];
    memcpy(less, phi, sizeof less);
    evidence_without(kind, less);
    return memcmp(less, phi, sizeof less) ? whole - wide_score(&a->weights, hidden, less) : 0;
}

/* Adds a reason to those after `from`, and keeps those that add most. */
static void offer(struct engine *a, size_t from, struct item_reason r)
{
    size_t at = a->item_reason.len;
    if (r.adds <= 0)
        return;
    vec_push(&a->item_reason, r);
    for (; at > from && a->item_reason.at[at - 1].adds < r.adds; at--) {
        a->item_reason.at[at] = a->item_reason.at[at - 1];
        a->item_reason.at[at - 1] = r;
    }
    if (a->item_reason.len > from + ITEM_REASONS)
        a->item_reason.len = from + ITEM_REASONS;
}

static void drop_small(struct engine *a, size_t from)
{
    while (a->item_reason.len > from && (double)a->item_reason.at[a->item_reason.len - 1].adds <
                                            LEAST * (double)a->item_reason.at[from].adds)
        a->item_reason.len--;
}

/* Finds the reasons of the item at `at`, which is recommended to the user at `position`. */
static void find(struct engine *a, size_t position, const float *hidden, size_t at)
{
    size_t from = a->item_reason.len;
    int32_t candidate = candidate_of(&a->said, position, a->item.at[at]);
    vec_push(&a->candidate, candidate);
    if (candidate >= 0) {
        const float *phi = a->said.feature + (size_t)candidate * EVIDENCE_FEATURES;
        float whole = wide_score(&a->weights, hidden, phi);
        for (enum evidence_kind k = 0; k < EVIDENCE_KINDS; k++)
            offer(a, from, (struct item_reason){k, loss_without(a, hidden, phi, k, whole)});
        drop_small(a, from);
    }
    vec_push(&a->item_reasons, (int32_t)a->item_reason.len);
}

void item_reasons_find(struct engine *a)
{
    float hidden[WIDE_HIDDEN];
    vec_clear(&a->item_reason);
    vec_clear(&a->item_reasons);
    vec_clear(&a->candidate);
    vec_push(&a->item_reasons, 0);
    for (size_t i = 0; i < a->list.len; i++) {
        const struct recommendation *answer = &a->list.at[i];
        wide_score_context(&a->weights, a->said.context + i * EVIDENCE_CONTEXT, hidden);
        for (size_t at = answer->first; at < answer->first + (size_t)answer->count; at++)
            find(a, i, hidden, at);
    }
}

static int32_t times_in(const int32_t *items, int32_t count, int32_t item)
{
    int32_t times = 0;
    for (int32_t i = 0; i < count; i++)
        times += items[i] == item;
    return times;
}

void item_reasons_words(const struct engine *a, const struct recommendation *answer, size_t at,
                        const struct item_reason *r, struct buf *to)
{
    size_t candidate = (size_t)a->candidate.at[at], position = (size_t)(answer - a->list.at);
    const struct known_user *user = engine_user(a, position);
    int32_t newest = (int32_t)user->sessions.len - 1, count = user->sessions.at[newest].count;
    const int32_t *items = engine_session_items(a, answer, newest);
    struct evidence_said s = {.phi = a->said.feature + candidate * EVIDENCE_FEATURES,
                              .z = a->said.context + position * EVIDENCE_CONTEXT,
                              .votes = a->said.votes[candidate],
                              .voters = a->said.voters[position],
                              .in_session = times_in(items, count, a->item.at[at]),
                              .occurrences = a->said.occurrences[position],
                              .last = names_at(a->items, items[count - 1])};
    evidence_words(r->kind, &s, to);
}
