#include "recommend/reasons.h"

#include "train/batch_cursor.h"

/* Adds a reason to those after `from`, and keeps those of largest weight; of equal weights the
 * later wins. */
static void offer(struct engine *a, size_t from, struct reason r)
{
    size_t at = a->reason.len;
    while (at > from && a->reason.at[at - 1].weight <= r.weight)
        at--;
    if (at == from + REASONS)
        return;
    vec_push(&a->reason, r);
    for (size_t i = a->reason.len - 1; i > at; i--)
        a->reason.at[i] = a->reason.at[i - 1];
    a->reason.at[at] = r;
    if (a->reason.len > from + REASONS)
        a->reason.len = from + REASONS;
}

/* The weights of the session's lookback at a level over sessions.  LEVEL_INTRA has weights for each
 * target, of which the last target's are returned. */
static const float *row_weights(const struct engine *a, const struct batch *b,
                                const struct forward *f, struct batch_cursor p,
                                enum attention_level level)
{
    const float *weight = a->weight[level].at + p.weight[level];
    if (level == LEVEL_INTRA)
        weight += batch_cursor_weights(p, b, f, level) - (size_t)batch_cursor_rows(p, f);
    return weight;
}

static void find_sessions(struct engine *a, const struct batch *b, const struct forward *f,
                          struct batch_cursor p, enum attention_level level)
{
    const float *weight = row_weights(a, b, f, p, level);
    size_t from = a->reason.len;
    for (int32_t j = 0; j < batch_cursor_rows(p, f); j++) {
        int32_t row = f->back.row[p.back + (size_t)j];
        if (row >= 0)
            offer(a, from,
                  (struct reason){level, column_i32(b->history_session)[row], -1, weight[j]});
    }
}

/* Events of earlier sessions: the weight in the session, times the session's weight if it has one.
 */
static void find_events(struct engine *a, const struct batch *b, const struct forward *f,
                        struct batch_cursor p)
{
    const float *weight = a->weight[LEVEL_SESSION].at + p.weight[LEVEL_SESSION];
    const float *outer = f->weight[LEVEL_USER] ? row_weights(a, b, f, p, LEVEL_USER) : NULL;
    const struct known_user *user = engine_user(a, p.i);
    size_t from = a->reason.len;
    for (int32_t j = 0; j < batch_cursor_rows(p, f); j++) {
        int32_t row = f->back.row[p.back + (size_t)j];
        int32_t session = column_i32(b->history_session)[row];
        const int32_t *item = engine_session_items(a, &a->list.at[p.i], session);
        for (int32_t i = 0; i < user->sessions.at[session].count; i++)
            offer(a, from,
                  (struct reason){LEVEL_SESSION, session, item[i],
                                  *weight++ * (outer ? outer[j] : 1)});
    }
}

/* Events of the newest session: the last target attends to the newest of its inputs. */
static void find_own(struct engine *a, const struct batch *b, const struct forward *f,
                     struct batch_cursor p)
{
    const struct known_user *user = engine_user(a, p.i);
    int32_t newest = (int32_t)user->sessions.len - 1, count = user->sessions.at[newest].count;
    size_t last = p.target + (size_t)column_i32(b->length)[p.i] - 2, from = a->reason.len;
    const float *weight = a->weight[LEVEL_ITEM].at + f->item_at[last];
    const int32_t *item = engine_session_items(a, &a->list.at[p.i], newest);
    for (int32_t i = count - f->item_count[last]; i < count; i++)
        offer(a, from, (struct reason){LEVEL_ITEM, newest, item[i], *weight++});
}

static void download(struct engine *a, const struct forward *f)
{
    struct device *d = a->model.device;
    for (int l = 0; l < LEVELS; l++) {
        size_t n = f->weight[l] ? (size_t)f->weights[l] : 0;
        vec_clear(&a->weight[l]);
        vec_reserve(&a->weight[l], n);
        if (n)
            d->op->download(d, a->weight[l].at, f->weight[l], n * sizeof(float));
    }
}

void reasons_find(struct engine *a, const struct batch *b, const struct forward *f)
{
    download(a, f);
    for (struct batch_cursor p = {0}; p.i < a->list.len; p = batch_cursor_after(p, b, f)) {
        struct recommendation *answer = &a->list.at[p.i];
        answer->reason = a->reason.len;
        for (int l = 0; l < LEVELS; l++) {
            if (!f->weight[l])
                continue;
            if (l == LEVEL_ITEM)
                find_own(a, b, f, p);
            else if (l == LEVEL_SESSION)
                find_events(a, b, f, p);
            else
                find_sessions(a, b, f, p, (enum attention_level)l);
        }
        answer->reasons = a->reason.len - answer->reason;
    }
}
