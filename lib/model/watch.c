#include "model/watch.h"

#include <stdlib.h>

/* One session's weights, with copies of all they stand on. */
struct watched {
    int64_t order; /* among the pass's candidates */
    int32_t user, session;
    f32_vec weight;
    i32_vec length, item, delta, week, target, top;
    i64_vec start;
};

void watch_open(struct watch *w, int64_t wanted, uint64_t seed, const struct model *m)
{
    *w = (struct watch){.wanted = wanted, .seed = seed, .model = m->class->name};
    if (wanted)
        past_init(&w->past, m->data.users, m->data.history);
}

static void watched_free(struct watched *x)
{
    vec_release(&x->weight);
    vec_release(&x->length);
    vec_release(&x->item);
    vec_release(&x->delta);
    vec_release(&x->week);
    vec_release(&x->target);
    vec_release(&x->top);
    vec_release(&x->start);
    mem_free(x);
}

static void forget_drawn(struct watch *w)
{
    for (size_t i = 0; i < w->drawn.len; i++)
        watched_free(w->drawn.at[i]);
    vec_clear(&w->drawn);
}

void watch_close(struct watch *w)
{
    forget_drawn(w);
    for (size_t i = 0; i < w->items.len; i++)
        vec_release(&w->items.at[i]);
    vec_release(&w->items);
    vec_release(&w->drawn);
    vec_release(&w->weight);
    past_release(&w->past);
}

void watch_begin(struct watch *w, struct epoch epoch)
{
    w->sample = (struct sample){
        .places = w->wanted > 0 ? (uint64_t)w->wanted : 0,
        .random = random_of(w->seed, 0x77617463ULL << 32 | (uint64_t)epoch.number << 2 |
                                         (uint64_t)epoch.part),
    };
    if (w->wanted && epoch.part == PART_TRAIN)
        past_clear(&w->past);
}

/* Where the batch's session i stands in its ragged arrays. */
struct place {
    size_t i;
    size_t event;  /* its first event */
    size_t target; /* its first target */
    size_t weight; /* its first weight */
};

static struct place place_after(struct place p, const struct batch *b, const struct forward *f)
{
    int32_t length = column_i32(b->length)[p.i];
    p.event += (size_t)length;
    p.target += (size_t)(length ? length - 1 : 0);
    p.weight += (size_t)f->inter_length[p.i];
    p.i++;
    return p;
}

/* Appends what the attended session held; its length is 0 where it has gone by unseen. */
static void copy_items(const struct watch *w, struct watched *x, int32_t session)
{
    int32_t slot, length = 0;
    past_find(&w->past, x->user, &session, 1, &slot);
    if (slot >= 0) {
        length = (int32_t)w->items.at[slot].len;
        vec_append(&x->item, w->items.at[slot].at, (size_t)length);
    }
    vec_push(&x->length, length);
}

static struct watched *watched_of(const struct watch *w, const struct batch *b,
                                  const struct outcome *o, struct place p)
{
    const struct forward *f = &o->forward;
    struct watched *x = mem_zero(1, sizeof *x);
    x->user = column_i32(b->user)[p.i];
    x->session = column_i32(b->session)[p.i];
    for (int32_t j = 0; j < f->inter_length[p.i]; j++) {
        int32_t row = f->inter_row[p.weight + (size_t)j];
        vec_push(&x->weight, w->weight.at[p.weight + (size_t)j]);
        vec_push(&x->delta, column_i32(b->history_delta)[row]);
        vec_push(&x->week, column_i32(b->history_week)[row]);
        vec_push(&x->start, column_i64(b->history_start)[row]);
        copy_items(w, x, column_i32(b->history_session)[row]);
    }
    for (int32_t j = 0; j + 1 < column_i32(b->length)[p.i]; j++) {
        size_t at = p.target + (size_t)j;
        vec_push(&x->target, f->target[at]);
        vec_push(&x->top, column_i32(o->tops.item)[at * (size_t)o->tops.k]);
    }
    return x;
}

static int write_watched(const struct watch *w, const struct watched *x, struct watch_to to,
                         struct err *e)
{
    struct attention a = {
        .model = bytes_of(w->model),
        .level = bytes_of("inter"),
        .user = x->user,
        .session = x->session,
        .position = -1,
        .weight = {x->weight.at, x->weight.len},
        .length = {x->length.at, x->length.len},
        .item = {x->item.at, x->item.len},
        .delta = {x->delta.at, x->delta.len},
        .week = {x->week.at, x->week.len},
        .start = {x->start.at, x->start.len},
        .target = {x->target.at, x->target.len},
        .top = {x->top.at, x->top.len},
    };
    return to.write(to.to, &a, e);
}

/* The next candidate is written at once where all are wanted, else it may be drawn. */
static int draw(struct watch *w, const struct batch *b, const struct outcome *o, struct place p,
                struct watch_to to, struct err *e)
{
    if (w->wanted < 0) {
        struct watched *x = watched_of(w, b, o, p);
        int status = write_watched(w, x, to, e);
        watched_free(x);
        return status;
    }
    size_t place = sample_place(&w->sample);
    if (place == SIZE_MAX)
        return 0;
    if (place == w->drawn.len)
        vec_push(&w->drawn, NULL);
    else
        watched_free(w->drawn.at[place]);
    w->drawn.at[place] = watched_of(w, b, o, p);
    w->drawn.at[place]->order = (int64_t)w->sample.candidates;
    return 0;
}

static int draw_batch(struct watch *w, const struct learner *l, const struct batch *b,
                      const struct outcome *o, struct watch_to to, struct err *e)
{
    const struct forward *f = &o->forward;
    size_t total = (size_t)f->inter_total;
    vec_clear(&w->weight);
    vec_reserve(&w->weight, total);
    l->model->device->op->download(l->model->device, w->weight.at, f->inter_weight,
                                   total * sizeof(float));
    for (struct place p = {0}; p.i < b->user.len; p = place_after(p, b, f))
        if (f->inter_row[p.weight] >= 0 && draw(w, b, o, p, to, e))
            return e->status;
    return 0;
}

static void remember(struct watch *w, const struct batch *b)
{
    const int32_t *item = column_i32(b->item);
    for (size_t i = 0; i < b->user.len; i++) {
        int32_t length = column_i32(b->length)[i];
        int32_t slot = past_add(&w->past, column_i32(b->user)[i], column_i32(b->session)[i]);
        if (slot < 0)
            return;
        while (w->items.len <= (size_t)slot)
            vec_push(&w->items, (i32_vec){0});
        vec_clear(&w->items.at[slot]);
        vec_append(&w->items.at[slot], item, (size_t)length);
        item += length;
    }
}

int watch_batch(struct watch *w, const struct learner *l, const struct batch *b,
                const struct outcome *o, struct watch_to to, struct err *e)
{
    if (!w->wanted)
        return 0;
    bool ranked = o->ranks.rank.len && l->tally.epoch.part != PART_TRAIN;
    if (ranked && o->forward.inter_weight && draw_batch(w, l, b, o, to, e))
        return e->status;
    remember(w, b);
    return 0;
}

static int by_order(const void *a, const void *b)
{
    const struct watched *x = *(struct watched *const *)a, *y = *(struct watched *const *)b;
    return x->order < y->order ? -1 : x->order > y->order;
}

int watch_end(struct watch *w, struct watch_to to, struct err *e)
{
    int status = 0;
    if (w->drawn.len)
        qsort(w->drawn.at, w->drawn.len, sizeof *w->drawn.at, by_order);
    for (size_t i = 0; i < w->drawn.len && !status; i++)
        status = write_watched(w, w->drawn.at[i], to, e);
    forget_drawn(w);
    return status;
}
