#include "recommend/engine.h"

#include <math.h>

#include "data/parallel_batches.h"
#include "train/model_file.h"
#include "recommend/reasons.h"

/* ---- opening ---- */

/* Reads the users' clusters; users whom the model does not know take the mean of all clusters. */
static int open_groups(struct engine *a, int32_t known, struct model_data *data, struct err *e)
{
    int theirs;
    if (model_file_groups(&a->saved->file, &a->saved->users, &a->group, &data->groups, &theirs, e))
        return e->status;
    if (!data->groups)
        return 0;
    while (a->group.len < (size_t)(known + a->batch))
        vec_push(&a->group, data->groups);
    data->groups++;
    data->group = a->group.at;
    return 0;
}

int engine_open(struct engine *a, const struct saved_model *saved, const i64_vec *edges,
                struct device *d, struct err *e)
{
    const int32_t known = names_count(&saved->users);
    if (saved->edges.len)
        edges = &saved->edges;
    struct model_data data = {.users = known + a->batch,
                              .items = names_count(&saved->items),
                              .history = (int32_t)saved->history,
                              .delta_buckets = (int32_t)edges->len + 1,
                              .keeps_order = true,
                              .history_items = true,
                              .slots = model_takes_slots(saved->class) ? a->batch : 0};
    a->saved = saved;
    a->batching = (struct batching){.store = &a->store,
                                    .size = a->batch,
                                    .history = saved->history,
                                    .history_items = true,
                                    .edges = edges->at,
                                    .edge_count = edges->len,
                                    .week_shift = saved->week_shift,
                                    .to = a};
    if (open_groups(a, known, &data, e) ||
        model_open(&a->model, saved->class, saved->options, &data, d, e))
        return e->status;
    a->attends = model_attends(saved->class, saved->options);
    a->tape = tape_new(d);
    parameters_hold(&a->model.parameters, d);
    for (int32_t i = 0; i < data.items; i++)
        vec_push(&a->mark, 0);
    const struct model_names names = {.items = &saved->items, .users = &saved->users};
    return model_file_read(&a->model, &names, &saved->file, e);
}

void engine_release(struct engine *a)
{
    if (a->states)
        a->model.device->op->release(a->model.device, a->states);
    if (a->tape)
        tape_free(a->tape);
    model_close(&a->model);
    session_store_release(&a->store);
    batching_release(&a->batching);
    vec_release(&a->list);
    vec_release(&a->item);
    vec_release(&a->score);
    vec_release(&a->reason);
    vec_release(&a->user);
    vec_release(&a->group);
    vec_release(&a->input);
    vec_release(&a->best);
    vec_release(&a->mark);
    vec_release(&a->best_score);
    vec_release(&a->loss);
    for (int l = 0; l < LEVELS; l++)
        vec_release(&a->weight[l]);
}

/* ---- the sessions, as batches ---- */

static void clear_store(struct session_store *c)
{
    vec_clear(&c->user);
    vec_clear(&c->start);
    vec_clear(&c->part);
    vec_clear(&c->event);
    vec_clear(&c->item);
}

static void add_session(struct engine *a, int32_t user, const struct user_session *v, bool newest)
{
    vec_clear(&a->input);
    vec_append(&a->input, v->item, (size_t)v->count);
    /* A session's last event is only a target, never an input.  The target of the newest session is
     * not known: item 0 takes its place, so that all real events are inputs. */
    if (newest)
        vec_push(&a->input, 0);
    struct session s = {.user = user,
                        .part = PART_TEST,
                        .count = a->input.len,
                        .times = &v->start,
                        .items = a->input.at};
    session_store_add(&a->store, &s);
}

static void fill_store(struct engine *a, const int32_t *user, size_t count)
{
    clear_store(&a->store);
    for (size_t i = 0; i < count; i++) {
        const struct known_user *known = &a->users->at.at[user[i]];
        for (size_t v = 0; v < known->sessions.len; v++)
            add_session(a, (int32_t)i, &known->sessions.at[v], v + 1 == known->sessions.len);
    }
    session_store_group(&a->store);
}

/* The batch with users by the model's ids. */
static struct batch of_model(struct engine *a, const struct batch *b)
{
    struct batch own = *b;
    vec_clear(&a->user);
    for (size_t i = 0; i < b->user.len; i++) {
        int32_t place = column_i32(b->user)[i];
        int32_t known = a->users->at.at[a->list.at[place].user].known;
        vec_push(&a->user, known < 0 ? names_count(&a->saved->users) + place : known);
    }
    own.user.at = a->user.at;
    return own;
}

/* Runs a batch of earlier sessions forward, so that the model stores their representations. */
static int run_history(void *to, const struct batch *given, struct err *e)
{
    struct engine *a = to;
    struct batch own = of_model(a, given);
    const struct batch *b = &own;
    struct forward f;
    (void)e;
    tape_begin(a->tape, false, 0, 0);
    a->model.class->forward(&a->model, a->tape, b, &f);
    a->model.class->finish(&a->model, a->tape, b);
    return 0;
}

/* ---- scores ---- */

/* Marks the items that --exclude leaves out for the user; returns how many. */
static int32_t mark(struct engine *a, const struct known_user *user)
{
    int32_t count = 0;
    size_t from = a->exclude == EXCLUDE_HISTORY   ? 0
                  : a->exclude == EXCLUDE_SESSION ? user->sessions.len - 1
                                                  : user->sessions.len;
    if (a->marks++ == INT32_MAX - 1) {
        memset(a->mark.at, 0, a->mark.len * sizeof *a->mark.at);
        a->marks = 1;
    }
    for (size_t v = from; v < user->sessions.len; v++)
        for (int32_t i = 0; i < user->sessions.at[v].count; i++) {
            int32_t *at = &a->mark.at[user->sessions.at[v].item[i]];
            count += *at != a->marks;
            *at = a->marks;
        }
    return count;
}

/* How many best items to compute so that every user has `top` left after --exclude. */
static int list_length(struct engine *a)
{
    int32_t most = 0, items = a->model.data.items;
    for (size_t i = 0; i < a->list.len && a->exclude != EXCLUDE_NONE; i++) {
        int32_t count = mark(a, &a->users->at.at[a->list.at[i].user]);
        most = count > most ? count : most;
    }
    return most < items - a->top ? most + a->top : items;
}

/* [B, S] of [T, S]: the state after each session's last input, which predicts the next item. */
static float *last_states(struct engine *a, const struct batch *b, const struct tensor *state)
{
    size_t count = b->length.len;
    int32_t *last = tape_host(a->tape, count * sizeof *last), row = -1;
    for (size_t i = 0; i < count; i++)
        last[i] = row += column_i32(b->length)[i] - 1;
    float *out = tape_memory(a->tape, count * (size_t)state->cols * sizeof *out);
    struct device *d = a->model.device;
    d->op->gather(d, tape_rows(a->tape, last, (int)count), state->cols, state->value, out);
    return out;
}

/* Downloads the k best items of each user; states: [users, width]. */
static int score(struct engine *a, const struct forward *f, const float *states, int k,
                 struct err *e)
{
    struct tape *t = a->tape;
    struct device *d = a->model.device;
    size_t n = a->list.len, listed = n * (size_t)k;
    float *loss = tape_memory(t, n * sizeof *loss);
    float *scores = tape_memory(t, listed * sizeof *scores);
    int32_t *unused = tape_memory(t, 2 * n * sizeof *unused);
    int32_t *items = tape_memory(t, listed * sizeof *items);
    int32_t *target = tape_host(t, n * sizeof *target);
    memset(target, 0, n * sizeof *target);
    struct output_layer output = {.targets = (int)n,
                                  .width = f->output->cols,
                                  .items = a->model.data.items,
                                  .state = states,
                                  .weight = model_output(t, f)->value,
                                  .bias = model_output_bias(t, f)->value,
                                  .target = tape_ints(t, target, n)};
    d->op->output_rank(d, &output, loss, unused, unused + n, k, items, scores);
    vec_clear(&a->loss), vec_reserve(&a->loss, n);
    vec_clear(&a->best), vec_reserve(&a->best, listed);
    vec_clear(&a->best_score), vec_reserve(&a->best_score, listed);
    d->op->download(d, a->loss.at, loss, n * sizeof *loss);
    d->op->download(d, a->best.at, items, listed * sizeof *items);
    d->op->download(d, a->best_score.at, scores, listed * sizeof *scores);
    for (size_t i = 0; i < n; i++)
        if (isnan(a->loss.at[i]))
            return err_set(e, STATUS_FAIL, "the weights in %s give scores that are not numbers",
                           a->saved->path);
    return 0;
}

/* Takes the first `top` of each user's k best items that are not excluded. */
static void choose(struct engine *a, int k)
{
    vec_clear(&a->item);
    vec_clear(&a->score);
    for (size_t i = 0; i < a->list.len; i++) {
        struct recommendation *answer = &a->list.at[i];
        mark(a, &a->users->at.at[answer->user]);
        answer->first = a->item.len;
        for (size_t j = i * (size_t)k; j < (i + 1) * (size_t)k && answer->count < a->top; j++) {
            if (a->mark.at[a->best.at[j]] == a->marks)
                continue;
            vec_push(&a->item, a->best.at[j]);
            vec_push(&a->score, a->best_score.at[j]);
            answer->count++;
        }
    }
}

/* Recommends from the batch of the newest sessions. */
static int answer(void *to, const struct batch *given, struct err *e)
{
    struct engine *a = to;
    struct batch own = of_model(a, given);
    const struct batch *b = &own;
    struct forward f;
    int k = list_length(a);
    tape_begin(a->tape, false, 0, 0);
    a->model.class->forward(&a->model, a->tape, b, &f);
    if (score(a, &f, last_states(a, b, f.state), k, e))
        return e->status;
    choose(a, k);
    if (a->why && a->attends)
        reasons_find(a, b, &f);
    return 0;
}

/* ---- models over slots: each user has a slot for all their sessions ---- */

/* The slots in which a newest session has its last event: rows of the states, and users. */
static int last_events(const struct engine *a, const struct steps *s, int32_t *row, int32_t *user)
{
    const size_t *first = a->store.first.at; /* [users + 1] */
    int32_t at = 0;
    int count = 0;
    for (size_t i = 0; i < s->item.len; i++) {
        if (column_u8(s->reset)[i] == RESET_IDLE)
            continue;
        int32_t who = column_i32(s->user)[i];
        if (first[who] + (size_t)column_i32(s->session)[i] + 1 == first[who + 1] &&
            column_i32(s->position)[i] + 2 == column_i32(s->length)[i]) {
            row[count] = at;
            user[count++] = who;
        }
        at++;
    }
    return count;
}

static struct forward run_steps(struct engine *a, const struct steps *s)
{
    const struct slot_steps steps = {.slots = (int32_t)s->lanes,
                                     .count = (int)(s->item.len / (size_t)s->lanes),
                                     .item = column_i32(s->item),
                                     .target = column_i32(s->target),
                                     .user = column_i32(s->user),
                                     .reset = column_u8(s->reset)};
    struct forward f;
    tape_begin(a->tape, false, 0, 0);
    a->model.class->plan(&a->model, a->tape, &steps, &f);
    a->model.class->steps(&a->model, a->tape, &f);
    return f;
}

/* Runs some steps and keeps the states after the last events of newest sessions. */
static int step(void *to, const struct steps *s, struct err *e)
{
    struct engine *a = to;
    struct device *d = a->model.device;
    struct forward f = run_steps(a, s);
    int32_t *row = tape_host(a->tape, (size_t)s->lanes * sizeof *row);
    int32_t *user = tape_host(a->tape, (size_t)s->lanes * sizeof *user);
    int count = last_events(a, s, row, user), width = f.state->cols;
    float *out = tape_memory(a->tape, (size_t)count * (size_t)width * sizeof *out);
    (void)e;
    a->output = f.output, a->output_bias = f.output_bias;
    if (!a->states)
        a->states = d->op->alloc(d, (size_t)a->batch * (size_t)width * sizeof *a->states);
    d->op->gather(d, tape_rows(a->tape, row, count), width, f.state->value, out);
    d->op->store(d, tape_rows(a->tape, user, count), width, out, a->states);
    return 0;
}

static int answer_slots(struct engine *a, struct err *e)
{
    struct session_range *range = mem_alloc(a->list.len * sizeof *range);
    int k = list_length(a);
    for (size_t u = 0; u < a->list.len; u++)
        range[u] = (struct session_range){a->store.first.at[u], a->store.first.at[u + 1]};
    a->batching.emit_steps = step;
    int status = parallel_batches_run(&a->batching, range, a->list.len, e);
    mem_free(range);
    tape_begin(a->tape, false, 0, 0);
    const struct forward f = {.output = a->output, .output_bias = a->output_bias};
    if (status || score(a, &f, a->states, k, e))
        return e->status;
    choose(a, k);
    return 0;
}

/* ---- models of whole sessions ---- */

/* Runs the earlier sessions: the first of every user, then the second of every user, and so on, as
 * a representation depends on the sessions before. */
static int remember(struct engine *a, size_t *picked, struct err *e)
{
    const size_t *first = a->store.first.at;
    a->batching.emit = run_history;
    for (size_t round = 0, count = 1; count; round++) {
        count = 0;
        for (size_t u = 0; u < session_store_users(&a->store); u++)
            if (first[u] + round + 1 < first[u + 1])
                picked[count++] = first[u] + round;
        if (count && batching_emit(&a->batching, PART_TEST, picked, count, e))
            return e->status;
    }
    return 0;
}

static int answer_sessions(struct engine *a, struct err *e)
{
    size_t count = a->list.len, *picked = mem_alloc(count * sizeof *picked);
    int status = a->model.class->finish ? remember(a, picked, e) : 0;
    for (size_t i = 0; i < count; i++)
        picked[i] = a->store.first.at[i + 1] - 1;
    a->batching.emit = answer;
    if (!status)
        status = batching_emit(&a->batching, PART_TEST, picked, count, e);
    mem_free(picked);
    return status;
}

int engine_make(struct engine *a, const struct users *users, const int32_t *user, size_t count,
                struct err *e)
{
    const struct model_class *class = a->model.class;
    a->users = users;
    vec_clear(&a->list);
    vec_clear(&a->reason);
    if (!count)
        return 0;
    for (size_t i = 0; i < count; i++)
        vec_push(&a->list, ((struct recommendation){.user = user[i]}));
    fill_store(a, user, count);
    if (class->pass)
        class->pass(&a->model, a->tape);
    if (class->restart)
        class->restart(&a->model);
    return class->forward ? answer_sessions(a, e) : answer_slots(a, e);
}
