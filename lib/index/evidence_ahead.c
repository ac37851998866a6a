#include "index/evidence_ahead.h"

static void make(void *of)
{
    struct evidence_ahead *a = of;
    a->made = evidence_make_wanted(a->maker, &a->wanted);
}

void evidence_ahead_ask(struct evidence_ahead *a, struct evidence_maker *maker,
                        const struct evidence_wanted *wanted)
{
    side_thread_wait(&a->thread);
    a->maker = maker;
    vec_clear(&a->picked);
    vec_append(&a->picked, wanted->picked, wanted->count);
    vec_clear(&a->seen);
    if (wanted->seen)
        vec_append(&a->seen, wanted->seen, wanted->count);
    a->wanted = *wanted;
    a->wanted.picked = a->picked.at;
    a->wanted.seen = wanted->seen ? a->seen.at : NULL;
    a->asked = side_thread_do(&a->thread, make, a);
}

static bool same(const int32_t *x, const int32_t *y, size_t count)
{
    return !count || !memcmp(x, y, count * sizeof *x);
}

static bool was_asked(const struct evidence_ahead *a, const struct evidence_maker *maker,
                      const struct evidence_wanted *w)
{
    const struct evidence_wanted *asked = &a->wanted;
    return a->maker == maker && asked->ended == w->ended && asked->count == w->count &&
           same(asked->picked, w->picked, w->count) && !asked->seen == !w->seen &&
           (!w->seen || same(asked->seen, w->seen, w->count));
}

struct evidence evidence_ahead_take(struct evidence_ahead *a, struct evidence_maker *maker,
                                    const struct evidence_wanted *wanted)
{
    bool asked = a->asked;
    a->asked = false;
    side_thread_wait(&a->thread);
    if (asked && was_asked(a, maker, wanted))
        return a->made;
    return evidence_make_wanted(maker, wanted);
}

void evidence_ahead_close(struct evidence_ahead *a)
{
    side_thread_close(&a->thread);
    vec_release(&a->picked);
    vec_release(&a->seen);
    *a = (struct evidence_ahead){0};
}
