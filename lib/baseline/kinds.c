#include "baseline/private.h"

static int32_t user_context(const struct moment *m)
{
    return m->user;
}

static int32_t item_context(const struct moment *m)
{
    return m->count ? m->items[m->count - 1] : -1;
}

static void score_session(const struct baseline *b, const struct moment *m, struct baseline_work *w)
{
    for (size_t i = 0; i < m->count; i++)
        scores_add(&w->scores, b->place[m->items[i]], (int64_t)b->one);
}

/* Each item of the session so far once, the last one first. */
static void list_session(const struct baseline *b, const struct moment *m, struct baseline_work *w)
{
    vec_clear(&w->session);
    for (size_t i = m->count; i-- > 0;) {
        int32_t place = b->place[m->items[i]];
        if (!w->listed[place])
            vec_push(&w->session, ((struct knn_item){place, (int32_t)(m->count - 1 - i)}));
        w->listed[place] = 1;
    }
    for (size_t i = 0; i < w->session.len; i++)
        w->listed[w->session.at[i].place] = 0;
}

static void score_by_sessions(const struct baseline *b, const struct moment *m,
                              const struct knn_decays *decays, struct baseline_work *w)
{
    list_session(b, m, w);
    struct knn_session session = {w->session.at, w->session.len, m->start};
    knn_sessions(&b->sets, &session, b->options.neighbours, b->options.sample, decays, &w->knn,
                 &w->scores);
}

static void score_neighbours(const struct baseline *b, const struct moment *m,
                             struct baseline_work *w)
{
    score_by_sessions(b, m, &(struct knn_decays){0}, w);
}

static void score_vstan(const struct baseline *b, const struct moment *m, struct baseline_work *w)
{
    score_by_sessions(b, m, &b->options.decays, w);
}

static void score_next_items(const struct baseline *b, const struct moment *m,
                             struct baseline_work *w)
{
    struct similar *row;
    size_t n = knn_items(&b->sets, b->place[m->items[m->count - 1]], b->options.neighbours,
                         b->options.regularization, b->popularity, w->shared, &row);
    for (size_t i = 0; i < n; i++)
        scores_add(&w->scores, row[i].place, row[i].score);
    mem_free(row);
}

/* An item counts 1 in the user's last session that is known, and decay^k in the k-th before it. */
static void score_decayed(const struct baseline *b, const struct moment *m, struct baseline_work *w)
{
    session_list own = sets_of_user(&b->sets, m->user);
    double weight = 1;
    for (size_t k = own.len; k-- > 0; weight *= b->options.decay)
        for (size_t i = b->sets.begin.at[own.at[k]]; i < b->sets.begin.at[own.at[k] + 1]; i++)
            if (score_of(weight))
                scores_add(&w->scores, b->sets.item.at[i], score_of(weight));
}

const struct baseline_kind baseline_kinds[] = {
    {.name = "pop", .help = "how often the item is in the training part"},
    {.name = "s-pop", .help = "how often it is in the session so far", .score = score_session},
    {.name = "ppop",
     .help = "how often it is in the user's own training sessions",
     .context = user_context},
    {.name = "ppop-decay",
     .help = "in how many of them, where older ones count less",
     .score = score_decayed,
     .sets = true},
    {.name = "markov",
     .help = "how often it comes right after the item before, in training",
     .context = item_context},
    {.name = "item-knn",
     .help = "how many training sessions it shares with the item before",
     .context = item_context,
     .fill = baseline_find_neighbours,
     .score_online = score_next_items,
     .sets = true},
    {.name = "session-knn",
     .help = "how near the training sessions that have it are to this one",
     .score = score_neighbours,
     .sets = true},
    {.name = "vstan",
     .help = "the same, where last items and new sessions count more",
     .score = score_vstan,
     .sets = true},
    {.name = "wide",
     .help = "many counts, weighed by a network that learned on other logs",
     .wide = true},
    {0}};

const struct baseline_kind *baseline_find(const char *name)
{
    for (const struct baseline_kind *k = baseline_kinds; k->name; k++)
        if (!strcmp(k->name, name))
            return k;
    return NULL;
}
