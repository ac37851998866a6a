#include "index/evidence_ahead.h"

static void make(void *of)
{
    struct evidence_ahead *a = of;
    a->made = evidence_make(a->maker, a->picked.at, a->picked.len, a->ended);
}

void evidence_ahead_ask(struct evidence_ahead *a, struct evidence_maker *maker,
                        const int32_t *picked, size_t count, bool ended)
{
    side_thread_wait(&a->thread);
    a->maker = maker;
    a->ended = ended;
    vec_clear(&a->picked);
    vec_append(&a->picked, picked, count);
    a->asked = side_thread_do(&a->thread, make, a);
}

static bool was_asked(const struct evidence_ahead *a, const struct evidence_maker *maker,
                      const int32_t *picked, size_t count, bool ended)
{
    return a->maker == maker && a->ended == ended && a->picked.len == count &&
           (!count || !memcmp(a->picked.at, picked, count * sizeof *picked));
}

struct evidence evidence_ahead_take(struct evidence_ahead *a, struct evidence_maker *maker,
                                    const int32_t *picked, size_t count, bool ended)
{
    bool asked = a->asked;
    a->asked = false;
    side_thread_wait(&a->thread);
    if (asked && was_asked(a, maker, picked, count, ended))
        return a->made;
    return evidence_make(maker, picked, count, ended);
}

void evidence_ahead_close(struct evidence_ahead *a)
{
    side_thread_close(&a->thread);
    vec_release(&a->picked);
    *a = (struct evidence_ahead){0};
}
