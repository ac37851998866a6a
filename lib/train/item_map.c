#include "train/item_map.h"

#include <math.h>

void item_map_open(struct item_map *v, const struct names *streamed, const struct names *known)
{
    *v = (struct item_map){.streamed = names_count(streamed)};
    for (int32_t i = 0; i < v->streamed; i++) {
        struct bytes name = names_at(streamed, i);
        bool there = names_find(known, name) >= 0;
        vec_push(&v->row, there ? names_add(&v->rows, name, NULL) : -1);
        if (there)
            vec_push(&v->id, i);
        v->unknown += !there;
    }
    v->items = v->streamed;
    for (int32_t i = 0; i < names_count(known); i++) {
        bool is_new;
        names_add(&v->rows, names_at(known, i), &is_new);
        if (is_new)
            vec_push(&v->id, v->items++);
    }
}

const unsigned char *item_map_candidates(struct item_map *v, const unsigned char *candidate)
{
    size_t known = 0;
    for (size_t i = 0; i < v->id.len; i++) {
        vec_push(&v->row_candidate, candidate[v->id.at[i]]);
        known += candidate[v->id.at[i]];
    }
    return known ? v->row_candidate.at : NULL;
}

void item_map_count(struct item_map *v, const struct session_store *sessions)
{
    for (size_t s = 0; s < session_store_sessions(sessions); s++) {
        size_t length = session_store_length(sessions, s);
        v->events += (int64_t)length;
        for (size_t i = 0; i < length; i++)
            v->left_out += v->row.at[session_store_items(sessions, s)[i]] < 0;
    }
}

void item_map_release(struct item_map *v)
{
    i32_vec *ints[] = {&v->row,          &v->id,          &v->rank_user,  &v->rank_session,
                       &v->position,     &v->target,      &v->rank,       &v->ties,
                       &v->rank_history, &v->rank_length, &v->top_user,   &v->top_session,
                       &v->top_position, &v->top_item,    &v->shown_item, &v->shown_target,
                       &v->shown_top};
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
        vec_release(ints[i]);
    vec_release(&v->loss);
    vec_release(&v->row_candidate);
    names_release(&v->rows);
}

#define COLUMN(v) ((struct column){(v).at, (v).len})

/* ---- outcomes ---- */

static void clear_outcome(struct item_map *v)
{
    i32_vec *ints[] = {&v->rank_user, &v->rank_session, &v->position,     &v->target,
                       &v->rank,      &v->ties,         &v->rank_history, &v->rank_length,
                       &v->top_user,  &v->top_session,  &v->top_position, &v->top_item};
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
        vec_clear(ints[i]);
    vec_clear(&v->loss);
}

/* A missed target is behind every cut, however few items there are. */
static void push_missed(struct item_map *v, struct pass_stats *t)
{
    vec_push(&v->rank, RANK_NONE);
    vec_push(&v->ties, 0);
    vec_push(&v->loss, logf((float)v->items));
    pass_stats_rank(t, RANK_NONE);
    v->missed++;
}

/* Appends rank and list of the model's target `at`. */
static void push_scored(struct item_map *v, const struct outcome *o, size_t at)
{
    vec_push(&v->rank, column_i32(o->ranks.rank)[at]);
    vec_push(&v->ties, column_i32(o->ranks.ties)[at]);
    vec_push(&v->loss, column_f32(o->ranks.loss)[at]);
    vec_push(&v->top_user, v->rank_user.at[v->rank_user.len - 1]);
    vec_push(&v->top_session, v->rank_session.at[v->rank_session.len - 1]);
    vec_push(&v->top_position, v->position.at[v->position.len - 1]);
    const int32_t *list = column_i32(o->tops.item) + at * (size_t)o->tops.k;
    for (int64_t k = 0; k < o->tops.k; k++)
        vec_push(&v->top_item, v->id.at[list[k]]);
}

/* Appends user, session, position and item of a target. */
struct aim {
    int32_t user, session, length, position, item;
};

/* Appends a target; at: its number among those that the model scored, -1: not scored. */
static void push_target(struct item_map *v, struct aim aim, const struct outcome *o, int64_t at,
                        struct pass_stats *t)
{
    vec_push(&v->rank_user, aim.user);
    vec_push(&v->rank_session, aim.session);
    vec_push(&v->rank_history, aim.session);
    vec_push(&v->rank_length, aim.length);
    vec_push(&v->position, aim.position);
    vec_push(&v->target, aim.item);
    if (at >= 0)
        push_scored(v, o, (size_t)at);
    else
        push_missed(v, t);
}

/* Appends the targets of a session; `at`: the first that the model scored.  Returns that of the
 * next session. */
static int64_t push_targets(struct item_map *v, const struct session_store *c, size_t session,
                            const struct outcome *o, int64_t at, struct pass_stats *t)
{
    const int32_t *item = session_store_items(c, session);
    int32_t length = (int32_t)session_store_length(c, session);
    int32_t user = session_store_user(c, session);
    bool input = false; /* a known item came before */
    for (int32_t j = 0; j < length; j++) {
        bool known = v->row.at[item[j]] >= 0, scored = known && input;
        input |= known;
        if (!j)
            continue;
        struct aim aim = {user, (int32_t)session - c->first.at[user], length, j - 1, item[j]};
        push_target(v, aim, o, scored ? at++ : -1, t);
    }
    return at;
}

/* The outcome of the targets appended so far; missed: those that the model did not score. */
static struct outcome lay_out_outcome(struct item_map *v, const struct outcome *o, int64_t missed,
                                      struct pass_stats *t)
{
    struct outcome shown = *o;
    v->targets += (int64_t)v->rank.len;
    t->events += missed;
    t->loss += (double)missed * (double)logf((float)v->items);
    shown.ranks = (struct ranks){.user = COLUMN(v->rank_user),
                                 .session = COLUMN(v->rank_session),
                                 .position = COLUMN(v->position),
                                 .target = COLUMN(v->target),
                                 .rank = COLUMN(v->rank),
                                 .ties = COLUMN(v->ties),
                                 .history = COLUMN(v->rank_history),
                                 .length = COLUMN(v->rank_length),
                                 .loss = COLUMN(v->loss)};
    shown.tops = (struct tops){.user = COLUMN(v->top_user),
                               .session = COLUMN(v->top_session),
                               .position = COLUMN(v->top_position),
                               .k = o->tops.k,
                               .item = COLUMN(v->top_item),
                               .score = o->tops.score};
    if (o->intents.user.len) { /* of the same targets as the lists */
        shown.intents.user = shown.tops.user;
        shown.intents.session = shown.tops.session;
        shown.intents.position = shown.tops.position;
    }
    return shown;
}

struct outcome item_map_outcome(struct item_map *v, const struct session_store *sessions,
                                struct column number, const struct outcome *o, struct pass_stats *t)
{
    int64_t missed = v->missed, at = 0;
    if (!v->unknown)
        return *o;
    clear_outcome(v);
    for (size_t i = 0; i < number.len; i++)
        at = push_targets(v, sessions, (size_t)column_i32(number)[i], o, at, t);
    return lay_out_outcome(v, o, v->missed - missed, t);
}

/* ---- attention ---- */

static struct column shown(const struct item_map *v, struct column rows, i32_vec *to)
{
    if (!rows.at)
        return rows;
    vec_clear(to);
    vec_reserve(to, 1);
    for (size_t i = 0; i < rows.len; i++)
        vec_push(to, v->id.at[column_i32(rows)[i]]);
    return (struct column){to->at, to->len};
}

struct attention item_map_attention(struct item_map *v, const struct attention *a)
{
    struct attention to = *a;
    to.item = shown(v, a->item, &v->shown_item);
    to.target = shown(v, a->target, &v->shown_target);
    to.top = shown(v, a->top, &v->shown_top);
    return to;
}
