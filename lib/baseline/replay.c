/* What is learned session by session, up to a time. */
#include "baseline/private.h"

/* Adds the session's counts, or with n = -1 takes them away. */
static void count_session(struct baseline *b, size_t session, int64_t n)
{
    struct moment m = {.user = session_store_user(b->store, session),
                       .items = session_store_items(b->store, session)};
    size_t count = session_store_length(b->store, session);
    for (; m.count < count; m.count++) {
        int32_t item = m.items[m.count], context = baseline_counted_in(b, &m);
        b->popularity[item] += n;
        if (context >= 0 && b->changes)
            counts_add(&b->counts, context, item, n);
        else if (context >= 0)
            vec_push(&b->pairs, (uint64_t)context << 32 | (uint32_t)item);
    }
    b->events += n * (int64_t)count;
}

void baseline_count_training(struct baseline *b)
{
    for (size_t s = 0; s < session_store_sessions(b->store); s++)
        if (session_store_part(b->store, s) == PART_TRAIN)
            count_session(b, s, 1);
}

static void learn_session(struct baseline *b, size_t session)
{
    const struct session_store *c = b->store;
    size_t count = session_store_length(c, session);
    if (b->changes)
        count_session(b, session, 1);
    if (!b->kind->sets)
        return;
    int32_t *places = mem_alloc(count * sizeof *places);
    for (size_t i = 0; i < count; i++)
        places[i] = b->place[session_store_items(c, session)[i]];
    sets_add(&b->sets, session_store_user(c, session), session_store_last(c, session), places,
             count);
    mem_free(places);
}

/* Forgets the session that was learned last. */
static void forget_session(struct baseline *b, size_t session)
{
    count_session(b, session, -1);
    if (b->kind->sets)
        sets_remove_last(&b->sets);
}

/* Pop's only row holds what ended `window` before now, and later. */
static void move_window(struct baseline *b, int64_t now)
{
    const struct session_store *c = b->store;
    for (; b->left < b->learned; b->left++) {
        size_t session = (size_t)b->by_end.at[b->left];
        if (session_store_last(c, session) >= now - b->options.window)
            return;
        for (size_t i = 0; i < session_store_length(c, session); i++)
            counts_add(&b->counts, 0, session_store_items(c, session)[i], -1);
    }
}

static void learn_until(struct baseline *b, int64_t time)
{
    for (; b->learned < b->by_end.len; b->learned++) {
        size_t session = (size_t)b->by_end.at[b->learned];
        if (session_store_last(b->store, session) >= time)
            return;
        learn_session(b, session);
    }
}

void baseline_learn_training(struct baseline *b)
{
    int64_t last = 0;
    for (size_t i = 0; i < b->by_end.len; i++) {
        size_t session = (size_t)b->by_end.at[i];
        if (session_store_part(b->store, session) != PART_TRAIN)
            continue;
        learn_session(b, session);
        last = session_store_last(b->store, session);
    }
    b->learned = b->by_end.len;
    if (b->options.window)
        move_window(b, last);
}

static void forget_own(struct baseline *b)
{
    while (b->own.len)
        forget_session(b, (size_t)b->own.at[--b->own.len]);
}

static void forget_all(struct baseline *b)
{
    memset(b->popularity, 0, (size_t)b->items * sizeof *b->popularity);
    sets_release(&b->sets);
    counts_release(&b->counts);
    b->events = 0;
    b->learned = b->left = 0;
}

/* The user's sessions of the later parts that ended before the moment's began. */
static void learn_own(struct baseline *b, const struct moment *m)
{
    const struct session_store *c = b->store;
    forget_own(b);
    for (int32_t s = c->first.at[m->user]; s < c->first.at[m->user + 1]; s++) {
        size_t session = (size_t)s;
        if (session_store_start(c, session) > m->start)
            return;
        if (session_store_part(c, session) == PART_TRAIN ||
            session_store_last(c, session) >= m->start)
            continue;
        learn_session(b, session);
        vec_push(&b->own, s);
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
