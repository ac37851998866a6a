/* What is learned session by session, up to a time. */
#include "baseline/private.h"

/* Adds the session's counts, or with n = -1 takes them away. */
static void count_timed(struct baseline *b, const struct timed *t, int64_t n)
{
    const int32_t *items = b->timeline.items.at + t->from;
    for (size_t i = 0; i < t->count; i++) {
        struct moment m = {.user = t->user, .items = items, .count = i};
        int32_t context = baseline_counted_in(b, &m);
        b->popularity.at[items[i]] += n;
        if (context >= 0)
            counts_add(&b->counts, context, items[i], n);
    }
    b->events += n * (int64_t)t->count;
}

static void learn_timed(struct baseline *b, int32_t number)
{
    const struct timed *t = &b->timeline.sessions.at[number];
    if (b->changes)
        count_timed(b, t, 1);
    if (!b->kind->sets)
        return;
    int32_t *places = mem_alloc(t->count * sizeof *places);
    for (size_t i = 0; i < t->count; i++)
        places[i] = b->place[b->timeline.items.at[t->from + i]];
    sets_add(&b->sets, t->user, t->end, places, t->count);
    mem_free(places);
}

/* Forgets the session that was learned last. */
static void forget_timed(struct baseline *b, int32_t number)
{
    count_timed(b, &b->timeline.sessions.at[number], -1);
    if (b->kind->sets)
        sets_remove_last(&b->sets);
}

/* Pop's only row holds what ended `window` before now, and later. */
static void move_window(struct baseline *b, int64_t now)
{
    for (; b->left < b->learned; b->left++) {
        const struct timed *t = &b->timeline.sessions.at[b->timeline.by_end.at[b->left]];
        if (t->end >= now - b->options.window)
            return;
        for (size_t i = 0; i < t->count; i++)
            counts_add(&b->counts, 0, b->timeline.items.at[t->from + i], -1);
    }
}

static void learn_until(struct baseline *b, int64_t time)
{
    for (; b->learned < b->timeline.by_end.len; b->learned++) {
        int32_t number = b->timeline.by_end.at[b->learned];
        if (b->timeline.sessions.at[number].end >= time)
            return;
        learn_timed(b, number);
    }
}

void baseline_learn_training(struct baseline *b)
{
    int64_t last = 0;
    for (size_t i = 0; i < b->timeline.by_end.len; i++) {
        int32_t number = b->timeline.by_end.at[i];
        if (b->timeline.sessions.at[number].part != PART_TRAIN)
            continue;
        learn_timed(b, number);
        last = b->timeline.sessions.at[number].end;
    }
    b->learned = b->timeline.by_end.len;
    if (b->options.window)
        move_window(b, last);
}

static void forget_own(struct baseline *b)
{
    while (b->own.len)
        forget_timed(b, b->own.at[--b->own.len]);
}

static void forget_all(struct baseline *b)
{
    memset(b->popularity.at, 0, b->popularity.len * sizeof *b->popularity.at);
    sets_release(&b->sets);
    counts_release(&b->counts);
    b->events = 0;
    b->learned = b->left = 0;
}

/* The user's sessions of the later parts that ended before the moment's began. */
static void learn_own(struct baseline *b, const struct moment *m)
{
    const struct timeline *t = &b->timeline;
    forget_own(b);
    for (size_t i = timeline_user(t, m->user); i < t->by_user.len; i++) {
        const struct timed *s = &t->sessions.at[t->by_user.at[i]];
        if (s->user != m->user || s->start > m->start)
            return;
        if (s->part == PART_TRAIN || s->end >= m->start)
            continue;
        learn_timed(b, t->by_user.at[i]);
        vec_push(&b->own, t->by_user.at[i]);
    }
}

void baseline_advance(struct baseline *b, const struct moment *m)
{
    if (m->user == b->user && m->start == b->now)
        return;
    if (b->options.online == ONLINE_USER)
        learn_own(b, m);
    if (b->options.online == ONLINE_ALL) {
        if (m->start < b->now) /* another pass */
            forget_all(b);
        learn_until(b, m->start);
        if (b->options.window)
            move_window(b, m->start);
    }
    b->user = m->user;
    b->now = m->start;
}
