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
    v->candidates = v->items;
    v->unknown_candidates = v->unknown;
}

const unsigned char *item_map_candidates(struct item_map *v, const unsigned char *candidate)
{
    size_t known = 0;
    v->candidate = candidate;
    v->candidates = v->unknown_candidates = 0;
    for (int32_t i = 0; i < v->items; i++) {
        v->candidates += candidate[i];
        v->unknown_candidates += candidate[i] && i < v->streamed && v->row.at[i] < 0;
    }
    for (size_t i = 0; i < v->id.len; i++) {
        vec_push(&v->row_candidate, candidate[v->id.at[i]]);
        known += candidate[v->id.at[i]];
    }
    return known ? v->row_candidate.at : NULL;
}

void item_map_release(struct item_map *v)
{
    i32_vec *ints[] = {&v->row,
                       &v->id,
                       &v->user,
                       &v->session,
                       &v->length,
                       &v->item,
                       &v->history,
                       &v->history_delta,
                       &v->history_week,
                       &v->history_session,
                       &v->history_length,
                       &v->history_item,
                       &v->step_item,
                       &v->step_target,
                       &v->last_item,
                       &v->rank_user,
                       &v->rank_session,
                       &v->position,
                       &v->target,
                       &v->rank,
                       &v->ties,
                       &v->rank_history,
                       &v->rank_length,
                       &v->top_user,
                       &v->top_session,
                       &v->top_position,
                       &v->top_item,
                       &v->shown_item,
                       &v->shown_target,
                       &v->shown_top};
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
        vec_release(ints[i]);
    vec_release(&v->start);
    vec_release(&v->history_start);
    vec_release(&v->step_reset);
    vec_release(&v->due);
    vec_release(&v->loss);
    vec_release(&v->row_candidate);
    names_release(&v->rows);
}

#define COLUMN(v) ((struct column){(v).at, (v).len})

/* ---- batches ---- */

/* Appends the rows of the known items among `count`; returns how many. */
static int32_t push_known(struct item_map *v, const int32_t *item, int32_t count, i32_vec *to)
{
    size_t before = to->len;
    for (int32_t i = 0; i < count; i++)
        if (v->row.at[item[i]] >= 0)
            vec_push(to, v->row.at[item[i]]);
    return (int32_t)(to->len - before);
}

/* Appends the earlier session at `row` of the batch; its items, if the batch has them, begin at
 * *item. */
static void push_history(struct item_map *v, const struct batch *b, size_t row, int32_t count,
                         const int32_t *item)
{
    int32_t kept = 0;
    for (size_t h = row; h < row + (size_t)count; h++) {
        if (item) {
            int32_t length = column_i32(b->history_length)[h];
            int32_t known = push_known(v, item, length, &v->history_item);
            item += length;
            if (!known)
                continue;
            vec_push(&v->history_length, known);
        }
        vec_push(&v->history_delta, column_i32(b->history_delta)[h]);
        vec_push(&v->history_week, column_i32(b->history_week)[h]);
        vec_push(&v->history_session, column_i32(b->history_session)[h]);
        vec_push(&v->history_start, column_i64(b->history_start)[h]);
        kept++;
    }
    vec_push(&v->history, kept);
}

static void clear_batch(struct item_map *v)
{
    i32_vec *ints[] = {&v->user,           &v->session,       &v->length,       &v->item,
                       &v->history,        &v->history_delta, &v->history_week, &v->history_session,
                       &v->history_length, &v->history_item};
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
        vec_clear(ints[i]);
        vec_reserve(ints[i], 1); /* NULL would say that the batch does not have the array */
    }
    vec_clear(&v->start);
    vec_clear(&v->history_start);
}

static void lay_out_batch(struct item_map *v, const struct batch *b)
{
    v->batch = (struct batch){.learn = b->learn,
                              .user = COLUMN(v->user),
                              .session = COLUMN(v->session),
                              .start = COLUMN(v->start),
                              .length = COLUMN(v->length),
                              .item = COLUMN(v->item),
                              .history = COLUMN(v->history),
                              .history_delta = COLUMN(v->history_delta),
                              .history_week = COLUMN(v->history_week),
                              .history_session = COLUMN(v->history_session),
                              .history_start = COLUMN(v->history_start)};
    if (b->history_item.at) {
        v->batch.history_length = COLUMN(v->history_length);
        v->batch.history_item = COLUMN(v->history_item);
    }
}

const struct batch *item_map_batch(struct item_map *v, const struct batch *b)
{
    v->events += (int64_t)b->item.len;
    if (!v->unknown)
        return b;
    const int32_t *item = column_i32(b->item), *earlier = column_i32(b->history_item);
    size_t row = 0;
    clear_batch(v);
    for (size_t i = 0; i < b->user.len; i++) {
        int32_t length = column_i32(b->length)[i], history = column_i32(b->history)[i];
        int32_t known = push_known(v, item, length, &v->item);
        v->left_out += length - known;
        if (known) {
            vec_push(&v->user, column_i32(b->user)[i]);
            vec_push(&v->session, column_i32(b->session)[i]);
            vec_push(&v->start, column_i64(b->start)[i]);
            vec_push(&v->length, known);
            push_history(v, b, row, history, earlier);
        }
        for (int32_t h = 0; h < history && earlier; h++)
            earlier += column_i32(b->history_length)[row + (size_t)h];
        item += length;
        row += (size_t)history;
    }
    lay_out_batch(v, b);
    return &v->batch;
}

/* ---- steps ---- */

static int32_t row_of(struct item_map *v, int32_t item)
{
    int32_t row = v->row.at[item];
    v->events++;
    v->left_out += row < 0;
    return row;
}

static void push_step(struct item_map *v, int32_t item, int32_t target, unsigned char reset)
{
    vec_push(&v->step_item, item);
    vec_push(&v->step_target, target);
    vec_push(&v->step_reset, reset);
}

/* Takes element i of the steps, which belongs to the slot. */
static void take_step(struct item_map *v, const struct steps *s, size_t i, size_t slot)
{
    int32_t *last = &v->last_item.at[slot];
    unsigned char reset = column_u8(s->reset)[i], *due = &v->due.at[slot];
    if (reset == RESET_IDLE) {
        *due = RESET_NONE;
        push_step(v, 0, 0, reset);
        return;
    }
    if (reset != RESET_NONE)
        *last = row_of(v, column_i32(s->item)[i]);
    *due = reset > *due ? reset : *due;
    int32_t target = row_of(v, column_i32(s->target)[i]);
    if (*last >= 0 && target >= 0) {
        push_step(v, *last, target, *due);
        *due = RESET_NONE;
    } else {
        push_step(v, -1, 0, RESET_NONE);
    }
    *last = target >= 0 ? target : *last;
}

const struct steps *item_map_steps(struct item_map *v, const struct steps *s)
{
    size_t slots = (size_t)s->lanes;
    if (!v->unknown)
        return s;
    vec_clear(&v->step_item);
    vec_clear(&v->step_target);
    vec_clear(&v->step_reset);
    while (v->last_item.len < slots) {
        vec_push(&v->last_item, -1);
        vec_push(&v->due, RESET_NONE);
    }
    for (size_t i = 0; i < s->item.len; i++)
        take_step(v, s, i, i % slots);
    v->steps = *s;
    v->steps.item = COLUMN(v->step_item);
    v->steps.target = COLUMN(v->step_target);
    v->steps.reset = COLUMN(v->step_reset);
    return &v->steps;
}

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

static void push_missed(struct item_map *v, int32_t target)
{
    int32_t others = v->candidates - (!v->candidate || v->candidate[target]);
    int32_t unknown = v->unknown_candidates - (v->candidates - others);
    vec_push(&v->rank, others + 1);
    vec_push(&v->ties, v->row.at[target] >= 0 ? others : unknown);
    vec_push(&v->loss, logf((float)v->items));
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
static void push_target(struct item_map *v, struct aim aim, const struct outcome *o, int64_t at)
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
        push_missed(v, aim.item);
}

/* Appends the targets of session i; `at`: the first that the model scored.  Returns that of the
 * next session. */
static int64_t push_targets(struct item_map *v, const struct batch *b, size_t i,
                            const int32_t *item, const struct outcome *o, int64_t at)
{
    int32_t length = column_i32(b->length)[i];
    bool input = false; /* a known item came before */
    for (int32_t j = 0; j < length; j++) {
        bool known = v->row.at[item[j]] >= 0, scored = known && input;
        input |= known;
        if (!j)
            continue;
        struct aim aim = {column_i32(b->user)[i], column_i32(b->session)[i], length, j - 1,
                          item[j]};
        push_target(v, aim, o, scored ? at++ : -1);
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
    return shown;
}

struct outcome item_map_outcome(struct item_map *v, const struct batch *b, const struct outcome *o,
                                struct pass_stats *t)
{
    const int32_t *item = column_i32(b->item);
    int64_t missed = v->missed, at = 0;
    if (!v->unknown)
        return *o;
    clear_outcome(v);
    for (size_t i = 0; i < b->user.len; i++) {
        at = push_targets(v, b, i, item, o, at);
        item += column_i32(b->length)[i];
    }
    return lay_out_outcome(v, o, v->missed - missed, t);
}

struct outcome item_map_steps_outcome(struct item_map *v, const struct steps *s,
                                      const struct outcome *o, struct pass_stats *t)
{
    int64_t missed = v->missed, at = 0;
    if (!v->unknown)
        return *o;
    clear_outcome(v);
    for (size_t i = 0; i < s->item.len; i++) {
        struct aim aim = {column_i32(s->user)[i], column_i32(s->session)[i],
                          column_i32(s->length)[i], column_i32(s->position)[i],
                          column_i32(s->target)[i]};
        if (column_u8(s->reset)[i] != RESET_IDLE)
            push_target(v, aim, o, v->step_item.at[i] >= 0 ? at++ : -1);
    }
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
