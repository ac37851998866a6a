#include "train/attention_sample.h"

#include <stdio.h>
#include <stdlib.h>

#include "train/batch_cursor.h"

/* The weights of one session, with copies of what they belong to.  sampled_session_state lists all
 * members. */
struct sampled_session {
    int64_t order; /* number among the candidates of the pass */
    int32_t user, session;
    f32_vec weight[LEVELS];
    i32_vec length, item, delta, week, target, top;
    i64_vec start, began; /* of the attended sessions; of the session itself */
    i32_vec own;          /* events of the session itself */
    i32_vec attended;     /* how many of them each target attends to */
};

void attention_sample_open(struct attention_sample *w, int64_t wanted, uint64_t seed,
                           const struct model *m)
{
    *w = (struct attention_sample){.wanted = wanted, .seed = seed, .model = m->class->name};
    w->item_count = m->data.items;
    w->users = m->data.users;
}

static void sampled_session_free(struct sampled_session *x)
{
    for (int l = 0; l < LEVELS; l++)
        vec_release(&x->weight[l]);
    vec_release(&x->length);
    vec_release(&x->item);
    vec_release(&x->delta);
    vec_release(&x->week);
    vec_release(&x->target);
    vec_release(&x->top);
    vec_release(&x->start);
    vec_release(&x->began);
    vec_release(&x->own);
    vec_release(&x->attended);
    mem_free(x);
}

static void forget_drawn(struct attention_sample *w)
{
    for (size_t i = 0; i < w->drawn.len; i++)
        sampled_session_free(w->drawn.at[i]);
    vec_clear(&w->drawn);
}

void attention_sample_close(struct attention_sample *w)
{
    forget_drawn(w);
    vec_release(&w->drawn);
    vec_release(&w->item_at);
    for (int l = 0; l < LEVELS; l++)
        vec_release(&w->weight[l]);
}

void attention_sample_begin(struct attention_sample *w, struct epoch epoch)
{
    w->sample = (struct sample){
        .places = w->wanted > 0 ? (uint64_t)w->wanted : 0,
        .random = random_of(w->seed, 0x77617463ULL << 32 | (uint64_t)epoch.number << 2 |
                                         (uint64_t)epoch.part),
    };
}

/* Appends the items of an attended session. */
static void copy_items(const struct attention_sample *w, struct sampled_session *x,
                       const struct batch *b, int32_t row)
{
    int32_t length = column_i32(b->history_length)[row];
    vec_append(&x->item, column_i32(b->history_item) + w->item_at.at[row], (size_t)length);
    vec_push(&x->length, length);
}

/* Copies the weights of each target over the events before it. */
static void copy_attended(const struct attention_sample *w, struct sampled_session *x,
                          const struct batch *b, const struct forward *f, struct batch_cursor p)
{
    size_t length = (size_t)column_i32(b->length)[p.i];
    vec_append(&x->own, column_i32(b->item) + p.event, length);
    for (size_t t = p.target; t + 1 < p.target + length; t++) {
        vec_push(&x->attended, f->item_count[t]);
        vec_append(&x->weight[LEVEL_ITEM], w->weight[LEVEL_ITEM].at + f->item_at[t],
                   (size_t)f->item_count[t]);
    }
}

static struct sampled_session *sampled_session_of(const struct attention_sample *w,
                                                  const struct batch *b, const struct outcome *o,
                                                  struct batch_cursor p)
{
    const struct forward *f = &o->forward;
    struct sampled_session *x = mem_zero(1, sizeof *x);
    x->user = column_i32(b->user)[p.i];
    x->session = column_i32(b->session)[p.i];
    vec_push(&x->began, column_i64(b->start)[p.i]);
    for (int l = 0; l < LEVELS; l++)
        if (f->weight[l])
            vec_append(&x->weight[l], w->weight[l].at + p.weight[l],
                       batch_cursor_weights(p, b, f, l));
    if (f->weight[LEVEL_ITEM])
        copy_attended(w, x, b, f, p);
    for (int32_t j = 0; j < batch_cursor_rows(p, f); j++) {
        int32_t row = f->back.row[p.back + (size_t)j];
        vec_push(&x->delta, column_i32(b->history_delta)[row]);
        vec_push(&x->week, column_i32(b->history_week)[row]);
        vec_push(&x->start, column_i64(b->history_start)[row]);
        copy_items(w, x, b, row);
    }
    for (int32_t j = 0; j + 1 < column_i32(b->length)[p.i]; j++) {
        size_t at = p.target + (size_t)j;
        vec_push(&x->target, f->target[at]);
        vec_push(&x->top, column_i32(o->tops.item)[at * (size_t)o->tops.k]);
    }
    return x;
}

/* The record of a level of attention over sessions. */
static struct attention over_sessions(const struct attention_sample *w,
                                      const struct sampled_session *x, int level)
{
    return (struct attention){
        .model = bytes_of(w->model),
        .level = bytes_of(attention_levels[level].name),
        .user = x->user,
        .session = x->session,
        .position = -1,
        .weight = {x->weight[level].at, x->weight[level].len},
        .length = {x->length.at, x->length.len},
        .item = {x->item.at, x->item.len},
        .delta = {x->delta.at, x->delta.len},
        .week = {x->week.at, x->week.len},
        .start = {x->start.at, x->start.len},
        .began = {x->began.at, x->began.len},
        .target = {x->target.at, x->target.len},
        .top = {x->top.at, x->top.len},
    };
}

/* Writes a record for each attended session, with the weights of its events. */
static int write_events(const struct attention_sample *w, const struct sampled_session *x,
                        struct attention_sample_to to, struct err *e)
{
    int status = 0;
    for (size_t j = 0, at = 0; j < x->length.len && !status; at += (size_t)x->length.at[j++]) {
        size_t n = (size_t)x->length.at[j];
        struct attention a = {
            .model = bytes_of(w->model),
            .level = bytes_of(attention_levels[LEVEL_SESSION].name),
            .user = x->user,
            .session = x->session,
            .position = -1,
            .weight = {x->weight[LEVEL_SESSION].at + at, n},
            .item = {x->item.at + at, n},
            .delta = {x->delta.at + j, 1},
            .week = {x->week.at + j, 1},
            .start = {x->start.at + j, 1},
            .began = {x->began.at, x->began.len},
            .target = {x->target.at, x->target.len},
            .top = {x->top.at, x->top.len},
        };
        status = to.write(to.to, &a, e);
    }
    return status;
}

/* Writes a record for each position, with the weights of the session's events up to it. */
static int write_positions(const struct attention_sample *w, const struct sampled_session *x,
                           struct attention_sample_to to, struct err *e)
{
    int status = 0;
    for (size_t j = 0, at = 0; j < x->attended.len && !status; at += (size_t)x->attended.at[j++]) {
        size_t n = (size_t)x->attended.at[j];
        struct attention a = {
            .model = bytes_of(w->model),
            .level = bytes_of(attention_levels[LEVEL_ITEM].name),
            .user = x->user,
            .session = x->session,
            .position = (int64_t)j,
            .weight = {x->weight[LEVEL_ITEM].at + at, n},
            .item = {x->own.at + j + 1 - n, n},
            .began = {x->began.at, x->began.len},
            .target = {x->target.at + j, 1},
            .top = {x->top.at + j, 1},
        };
        status = to.write(to.to, &a, e);
    }
    return status;
}

static int write_session(const struct attention_sample *w, const struct sampled_session *x,
                         struct attention_sample_to to, struct err *e)
{
    int status = 0;
    for (int l = 0; l < LEVEL_SESSION && !status; l++) {
        struct attention a = over_sessions(w, x, l);
        if (a.weight.len)
            status = to.write(to.to, &a, e);
    }
    if (!status && x->weight[LEVEL_SESSION].len)
        status = write_events(w, x, to, e);
    return status || !x->attended.len ? status : write_positions(w, x, to, e);
}

/* Takes the next candidate: writes it where all sessions are wanted, else may add it to the sample.
 */
static int draw(struct attention_sample *w, const struct batch *b, const struct outcome *o,
                struct batch_cursor p, struct attention_sample_to to, struct err *e)
{
    if (w->wanted < 0) {
        struct sampled_session *x = sampled_session_of(w, b, o, p);
        int status = write_session(w, x, to, e);
        sampled_session_free(x);
        return status;
    }
    size_t place = sample_place(&w->sample);
    if (place == SIZE_MAX)
        return 0;
    if (place == w->drawn.len)
        vec_push(&w->drawn, NULL);
    else
        sampled_session_free(w->drawn.at[place]);
    w->drawn.at[place] = sampled_session_of(w, b, o, p);
    w->drawn.at[place]->order = (int64_t)w->sample.candidates;
    return 0;
}

static void download_weights(struct attention_sample *w, const struct learner *l,
                             const struct forward *f)
{
    struct device *d = l->model->device;
    for (int k = 0; k < LEVELS; k++) {
        size_t n = f->weight[k] ? (size_t)f->weights[k] : 0;
        vec_clear(&w->weight[k]);
        vec_reserve(&w->weight[k], n);
        if (n)
            d->op->download(d, w->weight[k].at, f->weight[k], n * sizeof(float));
    }
}

static void place_items(struct attention_sample *w, const struct batch *b)
{
    vec_clear(&w->item_at);
    for (size_t row = 0, at = 0; row < b->history_length.len; row++) {
        vec_push(&w->item_at, (int32_t)at);
        at += (size_t)column_i32(b->history_length)[row];
    }
}

static bool attends(const struct forward *f)
{
    bool any = false;
    for (int k = 0; k < LEVELS; k++)
        any |= f->weight[k] != NULL;
    return any;
}

/* Whether the session at p attends to anything. */
static bool is_candidate(struct batch_cursor p, const struct batch *b, const struct forward *f)
{
    bool back = batch_cursor_rows(p, f) && f->back.row[p.back] >= 0;
    return back || (f->weight[LEVEL_ITEM] && column_i32(b->length)[p.i] > 1);
}

static int draw_batch(struct attention_sample *w, const struct learner *l, const struct batch *b,
                      const struct outcome *o, struct attention_sample_to to, struct err *e)
{
    const struct forward *f = &o->forward;
    download_weights(w, l, f);
    place_items(w, b);
    for (struct batch_cursor p = {0}; p.i < b->user.len; p = batch_cursor_after(p, b, f))
        if (is_candidate(p, b, f) && draw(w, b, o, p, to, e))
            return e->status;
    return 0;
}

int attention_sample_batch(struct attention_sample *w, const struct learner *l,
                           const struct batch *b, const struct outcome *o,
                           struct attention_sample_to to, struct err *e)
{
    if (!w->wanted)
        return 0;
    bool ranked = o->ranks.rank.len && l->stats.epoch.part != PART_TRAIN;
    return ranked && attends(&o->forward) ? draw_batch(w, l, b, o, to, e) : 0;
}

static int by_order(const void *a, const void *b)
{
    const struct sampled_session *x = *(struct sampled_session *const *)a,
                                 *y = *(struct sampled_session *const *)b;
    return x->order < y->order ? -1 : x->order > y->order;
}

int attention_sample_end(struct attention_sample *w, struct attention_sample_to to, struct err *e)
{
    int status = 0;
    if (w->drawn.len)
        qsort(w->drawn.at, w->drawn.len, sizeof *w->drawn.at, by_order);
    for (size_t i = 0; i < w->drawn.len && !status; i++)
        status = write_session(w, w->drawn.at[i], to, e);
    forget_drawn(w);
    return status;
}

/* ---- checkpoints ---- */

/* Whether the level has the expected number of weights, or none. */
static bool has_weights(const struct sampled_session *x, int level, size_t expected)
{
    return !x->weight[level].len || x->weight[level].len == expected;
}

/* Whether the lengths of the arrays agree. */
static bool sampled_session_fits(const struct sampled_session *x)
{
    size_t rows = x->length.len, events = 0, attended = 0;
    bool good = x->delta.len == rows && x->week.len == rows && x->start.len == rows &&
                x->began.len == 1 && x->top.len == x->target.len &&
                (!x->attended.len || x->attended.len == x->target.len);
    for (size_t i = 0; i < rows; i++)
        events += (size_t)x->length.at[i];
    for (size_t i = 0; i < x->attended.len; i++) {
        attended += (size_t)x->attended.at[i];
        good &= (size_t)x->attended.at[i] <= x->own.len;
    }
    return good && x->item.len == events && has_weights(x, LEVEL_INTER, rows) &&
           has_weights(x, LEVEL_USER, rows) && has_weights(x, LEVEL_INTRA, rows * x->target.len) &&
           has_weights(x, LEVEL_SESSION, events) && has_weights(x, LEVEL_ITEM, attended);
}

static void sampled_session_state(const struct attention_sample *w, struct sampled_session *x,
                                  struct state *s)
{
    state_i64(s, "order", &x->order, 1, INT64_MAX);
    state_i32(s, "user", &x->user, 0, w->users - 1);
    state_i32(s, "session", &x->session, 0, INT32_MAX);
    state_begin(s, "weight");
    for (int l = 0; l < LEVELS; l++)
        state_f32s(s, attention_levels[l].name, &x->weight[l]);
    state_end(s);
    state_i32s(s, "length", &x->length, 0, INT32_MAX);
    state_i32s(s, "item", &x->item, 0, w->item_count - 1);
    state_i32s(s, "delta", &x->delta, 0, INT32_MAX);
    state_i32s(s, "week", &x->week, 0, WEEK_HOURS);
    state_i64s(s, "start", &x->start, 0, INT64_MAX);
    state_i64s(s, "began", &x->began, 0, INT64_MAX);
    state_i32s(s, "target", &x->target, 0, w->item_count - 1);
    state_i32s(s, "top", &x->top, 0, w->item_count - 1);
    state_i32s(s, "own", &x->own, 0, w->item_count - 1);
    state_i32s(s, "seen", &x->attended, 0, INT32_MAX);
    if (state_restoring(s) && state_good(s) && !sampled_session_fits(x))
        state_refuse(s, "length", "does not fit the other arrays");
}

static void drawn_state(struct attention_sample *w, struct state *s)
{
    int64_t count = (int64_t)w->drawn.len;
    char name[24];
    state_i64(s, "drawn", &count, 0, (int64_t)w->sample.places);
    if (state_restoring(s))
        forget_drawn(w);
    for (int64_t i = 0; i < count && state_good(s); i++) {
        if (state_restoring(s))
            vec_push(&w->drawn, mem_zero(1, sizeof *w->drawn.at[0]));
        snprintf(name, sizeof name, "%lld", (long long)i);
        state_begin(s, name);
        sampled_session_state(w, w->drawn.at[i], s);
        state_end(s);
    }
}

void attention_sample_state(struct attention_sample *w, struct state *s)
{
    int64_t candidates = (int64_t)w->sample.candidates, words = (int64_t)w->sample.random.drawn;
    if (!w->wanted)
        return;
    state_begin(s, "watch");
    state_i64(s, "candidates", &candidates, 0, INT64_MAX);
    state_i64(s, "random", &words, 0, INT64_MAX);
    drawn_state(w, s);
    state_end(s);
    w->sample.candidates = (uint64_t)candidates;
    random_continue(&w->sample.random, (uint64_t)words);
}
