/* Scores, ranks and lists of one position. */
#include "baseline/private.h"

static double probability(const struct baseline *b, int32_t place, int64_t score, int64_t total)
{
    double p = (double)(b->popularity[b->item[place]] + 1) / (double)(b->events + b->items);
    return ((double)score / b->one + p) / ((double)total / b->one + 1);
}

/* The score of an item on a list. */
static float listed(const struct baseline *b, int32_t place, int64_t score, int64_t total)
{
    if (b->one > 1)
        return (float)((double)score / b->one);
    return (float)probability(b, place, score, total);
}

static struct verdict row_rank(const struct baseline *b, struct neighbour_row row, int32_t place)
{
    int32_t at = baseline_entries_before(row, place);
    if (at < row.len && row.at[at].place == place)
        return (struct verdict){row.at[at].rank + 1,
                                probability(b, place, row.at[at].score, row.total), false};
    /* The whole row comes before it, and so do more popular items that are not in the row. */
    return (struct verdict){row.len + place - at + 1, probability(b, place, 0, row.total), false};
}

static void row_top(const struct baseline *b, struct neighbour_row row, int32_t k, int32_t *items,
                    float *scores)
{
    int32_t n = 0, member = 0;
    for (; n < k && n < row.len; n++) {
        const struct entry *entry = &row.at[row.at[n].by_rank];
        items[n] = b->item[entry->place];
        scores[n] = listed(b, entry->place, entry->score, row.total);
    }
    for (int32_t place = 0; n < k; place++) {
        if (member < row.len && row.at[member].place == place) {
            member++;
            continue;
        }
        items[n] = b->item[place];
        scores[n++] = listed(b, place, 0, row.total);
    }
}

static void add_counts(const struct baseline *b, const struct moment *m, struct baseline_work *w)
{
    count_row row = counts_row(&b->counts, baseline_context(b, m));
    for (size_t i = 0; i < row.len; i++)
        if (row.at[i].count)
            scores_add(&w->scores, row.at[i].item, row.at[i].count * (int64_t)b->one);
}

static void add_row(const struct baseline *b, const struct moment *m, struct baseline_work *w)
{
    struct neighbour_row row = baseline_row(b, m);
    for (int32_t i = 0; i < row.len; i++)
        scores_add(&w->scores, row.at[i].place, row.at[i].score);
}

/* Whether the mix had a list for the moment. */
static bool mix(const struct baseline *b, const struct moment *m, struct scores *s)
{
    const struct baseline_options *o = &b->options;
    struct mix_position at = {m->user, m->session, (int32_t)m->count - 1};
    if (!o->mix)
        return false;
    return o->cascade ? mix_cascade(o->mix, at, b->place, s)
                      : mix_into(o->mix, at, o->mix_weight, b->place, s);
}

/* Puts the scores of the moment into the work; returns whether the mix had a list for it. */
static bool find_scores(const struct baseline *b, const struct moment *m, struct baseline_work *w)
{
    scores_clear(&w->scores);
    if (b->kind->score)
        b->kind->score(b, m, w);
    else if (b->changes && b->kind->score_online)
        b->kind->score_online(b, m, w);
    else if (b->changes)
        add_counts(b, m, w);
    else
        add_row(b, m, w);
    bool mixed = mix(b, m, &w->scores);
    for (size_t i = 0; b->options.no_remind && i < m->count; i++)
        scores_bar(&w->scores, b->place[m->items[i]]);
    return mixed;
}

/* Whether the rows were ranked by baseline_learn, and their ranks are those of all items. */
static bool is_ranked(const struct baseline *b)
{
    return !b->kind->score && !b->options.mix && !b->options.no_remind && !b->changes && !b->ranked;
}

struct verdict baseline_answer(const struct baseline *b, struct baseline_work *w,
                               const struct moment *m, int32_t target, int32_t k, int32_t *items,
                               float *scores)
{
    int32_t place = b->place[target];
    if (is_ranked(b)) {
        struct neighbour_row row = baseline_row(b, m);
        row_top(b, row, k, items, scores);
        return row_rank(b, row, place);
    }
    bool mixed = find_scores(b, m, w);
    const struct scores *s = &w->scores;
    if (k)
        scores_top(&w->scores, k, items);
    for (int32_t n = 0; n < k; n++) {
        scores[n] = listed(b, items[n], s->of[items[n]], s->total);
        items[n] = b->item[items[n]];
    }
    return (struct verdict){scores_rank(s, place), probability(b, place, s->of[place], s->total),
                            mixed};
}
