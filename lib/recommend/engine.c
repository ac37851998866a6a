#include "recommend/engine.h"

#include <math.h>
#include <omp.h>

#include "base/threads.h"
#include "data/rounds.h"
#include "train/model_file.h"
#include "recommend/item_reasons.h"
#include "recommend/reasons.h"

enum { PART = 64 }; /* positions whose features are made at once by each thread */

/* ---- opening ---- */

/* Reads the users' clusters; users whom the model does not know take the mean of all clusters. */
static int open_groups(struct engine *a, struct model_data *data, struct err *e)
{
    int theirs;
    if (model_file_groups(&a->saved->file, &a->saved->users, &a->group, &data->groups, &theirs, e))
        return e->status;
    if (!data->groups)
        return 0;
    while (a->group.len < (size_t)a->data.users)
        vec_push(&a->group, data->groups);
    data->groups++;
    data->group = a->group.at;
    return 0;
}

/* A wide part recommends all items that it counts in; where the model has weights of items, those
 * of items that it was not trained on are zeros. */
static int open_counts(struct engine *a, const struct device *d, struct err *e)
{
    int wanted = d->threads ? d->threads : omp_get_num_procs();
    bool given = a->saved->ready && !a->index_path;
    if (!given && counted_open(&a->counted, a->saved, NULL, a->index_path, a->memory, e))
        return e->status;
    a->items = &a->counted.items;
    a->data.items = names_count(a->items);
    a->data.count = a->counted.count.at;
    a->store.keeps_times = true;
    a->evidence = (struct evidence_maker){.index = &a->counted.index,
                                          .store = &a->store,
                                          .postings = (int)a->saved->options->postings,
                                          .without = model_without(a->saved->options),
                                          .threads = threads_to_be_had(wanted),
                                          .last = true,
                                          .at_target = true,
                                          .brief = true,
                                          .tells_votes = a->why};
    return 0;
}

static int open_model(struct engine *a, struct device *d, struct err *e)
{
    const struct model_names names = {a->items, &a->saved->users, a->contexts.names,
                                      a->contexts.count};
    model_open(&a->model, a->saved->class, a->saved->options, &a->data, d);
    if (a->model.wide)
        wide_part_explore(a->model.wide, a->explore);
    parameters_hold(&a->model.parameters, d);
    vec_clear(&a->counted.changed);
    int status = saved_model_weights(a->saved, &a->model, &names, e);
    if (!status && engine_tells(a))
        wide_part_weights(&a->model, &a->weights);
    return status;
}

/* Makes room in the model for items that have come in, and for some more. */
static int widen_model(struct engine *a, struct err *e)
{
    struct device *d = a->model.device;
    int32_t items = names_count(a->items);
    engine_forget(a);
    a->data.items = items + items / 8 + 256;
    while (a->counted.count.len < (size_t)a->data.items)
        vec_push(&a->counted.count, 0);
    a->data.count = a->counted.count.at;
    tape_free(a->tape);
    model_close(&a->model);
    a->tape = tape_new(d);
    int status = open_model(a, d, e);
    a->counted.count.len = (size_t)items;
    return status;
}

/* Tells the model of items that have come in, and of new counts. */
static int follow_counts(struct engine *a, struct err *e)
{
    if (names_count(a->items) > a->model.data.items)
        return widen_model(a, e);
    for (size_t i = 0; i < a->counted.changed.len; i++) {
        int32_t item = a->counted.changed.at[i];
        wide_part_count(a->model.wide, &a->model, item, a->counted.count.at[item]);
    }
    vec_clear(&a->counted.changed);
    return 0;
}

int32_t engine_item(struct engine *a, struct bytes name)
{
    if (!a->grows)
        return names_find(a->items, name);
    int32_t item = counted_item(&a->counted, name);
    while (a->mark.len <= (size_t)item)
        vec_push(&a->mark, 0);
    return item;
}

/* For how many users whom the model does not know it has room.  A model with weights of each user
 * has a copy of them for each of these, so that there are no more than a batch can have. */
static int32_t unknown_users(struct engine *a, const struct saved_model *saved)
{
    bool weights = saved->options->per_user && !saved->options->clusters;
    bool more = saved->class->finish && !weights && a->returning > a->batch;
    a->remembered.limit = more ? a->returning : a->batch;
    return a->remembered.limit;
}

int engine_open(struct engine *a, const struct saved_model *saved, const i64_vec *edges,
                struct device *d, struct err *e)
{
    const int32_t known = names_count(&saved->users);
    if (model_check_wide(saved->options, a->index_path, a->explore, saved->path, e))
        return e->status;
    if (saved->edges.len)
        edges = &saved->edges;
    a->data = (struct model_data){.users = known + unknown_users(a, saved),
                                  .items = names_count(&saved->items),
                                  .history = (int32_t)saved->history,
                                  .delta_buckets = (int32_t)edges->len + 1,
                                  .context_codes = a->contexts.codes};
    a->saved = saved;
    session_store_limit(&a->store, (size_t)a->memory);
    a->items = &saved->items;
    a->batching = (struct batching){.store = &a->store,
                                    .history = saved->history,
                                    .history_items = true,
                                    .open_ended = true,
                                    .edges = edges->at,
                                    .edge_count = edges->len,
                                    .week_shift = saved->week_shift};
    run_contexts_read(&a->contexts, &a->store, &a->batching);
    if (open_groups(a, &a->data, e))
        return e->status;
    if (saved->options->wide && open_counts(a, d, e))
        return e->status;
    a->attends = model_attends(saved->class, saved->options);
    a->tape = tape_new(d);
    for (int32_t i = 0; i < a->data.items; i++)
        vec_push(&a->mark, 0);
    return open_model(a, d, e);
}

void engine_release(struct engine *a)
{
    if (a->quantized)
        a->model.device->op->release(a->model.device, a->quantized);
    if (a->tape)
        tape_free(a->tape);
    model_close(&a->model);
    evidence_release(&a->evidence);
    wide_values_release(&a->values);
    counted_release(&a->counted);
    session_store_release(&a->store);
    remembered_release(&a->remembered);
    vec_release(&a->before);
    vec_release(&a->place);
    run_contexts_release(&a->contexts);
    batching_release(&a->batching);
    vec_release(&a->list);
    vec_release(&a->item);
    vec_release(&a->score);
    vec_release(&a->reason);
    vec_release(&a->item_reason);
    vec_release(&a->item_reasons);
    vec_release(&a->candidate);
    vec_release(&a->user);
    vec_release(&a->group);
    vec_release(&a->input);
    vec_release(&a->time);
    vec_release(&a->code);
    vec_release(&a->extra);
    vec_release(&a->best);
    vec_release(&a->mark);
    vec_release(&a->best_score);
    for (int l = 0; l < LEVELS; l++)
        vec_release(&a->weight[l]);
}

/* ---- the sessions, as batches ---- */

/* The columns of the session; the unknown target of the newest one has code 0. */
static void set_extras(struct engine *a, const struct user_session *v, const int32_t *code,
                       bool newest)
{
    size_t columns = a->store.columns.len, n = (size_t)v->count + newest;
    vec_clear(&a->code);
    vec_clear(&a->extra);
    for (size_t k = 0; k < columns; k++) {
        vec_append(&a->code, code + k * (size_t)v->count, (size_t)v->count);
        if (newest)
            vec_push(&a->code, 0);
    }
    for (size_t k = 0; k < columns; k++)
        vec_push(&a->extra, ((struct extra){.key = bytes_of(a->store.columns.at[k].key),
                                            .type = COLUMN_I32,
                                            .column = {a->code.at + k * n, n}}));
}

/* `now`: when the next event of the newest session is asked for. */
static int add_session(struct engine *a, int32_t user, const struct user_session *v, enum part part,
                       int64_t now, struct err *e)
{
    struct user_events events;
    bool newest = part == PART_TEST;
    if (users_events(a->users, v, &events, e))
        return e->status;
    vec_clear(&a->input);
    vec_append(&a->input, events.item, (size_t)v->count);
    /* A session's last event is only a target, never an input.  The target of the newest session is
     * not known: item 0 takes its place, so that all real events are inputs. */
    if (newest)
        vec_push(&a->input, 0);
    vec_clear(&a->time);
    vec_append(&a->time, events.time, (size_t)v->count);
    if (newest)
        vec_push(&a->time, now > v->last ? now : v->last);
    set_extras(a, v, events.code, newest);
    struct session s = {.user = user,
                        .part = part,
                        .count = a->input.len,
                        .times = a->time.at,
                        .items = a->input.at,
                        .extras = a->extra.at,
                        .extra_count = a->extra.len};
    /* Its first and last items may be none that the model knows. */
    return session_store_add_lasting(&a->store, &s, v->start,
                                     newest ? a->time.at[s.count - 1] : v->last, e);
}

/* Whether the store, which knows no end of a session that lasts too long, will have it end before
 * then. */
static bool ends_before(const struct user_session *v, int64_t then)
{
    return v->last < then && v->last - v->start < STORED_LONG;
}

/* The oldest session that is looked at for session `of`: `history` sessions that had ended, and for
 * a wide part so many of their events. */
static size_t oldest_for(const struct engine *a, const struct known_user *user, size_t of)
{
    const struct user_session *v = user->sessions.at;
    int64_t sessions = a->batching.history;
    int64_t events = a->model.wide ? EVIDENCE_OWN_EVENTS : 0;
    size_t from = of;
    while (from > 0 && (sessions > 0 || events > 0)) {
        from--;
        if (!ends_before(&v[from], v[of].start))
            continue;
        sessions--;
        events -= v[from].count;
    }
    return from;
}

/* The first session that the model has not taken in; without memory it takes in none. */
static size_t first_new(const struct engine *a, size_t i)
{
    size_t newest = engine_user(a, i)->sessions.len - 1;
    return a->model.remembers ? a->remembered.at.at[a->place.at[i]].sessions : newest;
}

/* Adds what the answer to the batch's user i depends on. */
static int add_user(struct engine *a, size_t i, struct err *e)
{
    const struct question *asked = &a->list.at[i].asked;
    const struct known_user *user = &a->users->at.at[asked->user];
    size_t n = user->sessions.len, fresh = first_new(a, i), from = n - 1;
    int status = 0;
    for (size_t v = fresh; v < n; v++) {
        size_t oldest = oldest_for(a, user, v);
        from = oldest < from ? oldest : from;
    }
    vec_push(&a->before, (int32_t)from);
    for (size_t v = from; v < n && !status; v++)
        status = add_session(a, (int32_t)i, &user->sessions.at[v],
                             v + 1 == n   ? PART_TEST
                             : v >= fresh ? PART_TRAIN
                                          : PART_NONE,
                             asked->now, e);
    return status;
}

/* Finds the places of the batch's users among those whom the model remembers. */
static void find_places(struct engine *a)
{
    vec_clear(&a->place);
    a->remembered.batch++;
    for (size_t i = 0; i < a->list.len && a->model.remembers; i++)
        vec_push(&a->place, (int32_t)remembered_place(&a->remembered, &a->model, a->users,
                                                      a->list.at[i].asked.user,
                                                      names_count(&a->saved->users)));
}

static int fill_store(struct engine *a, struct err *e)
{
    int status = 0;
    session_store_clear(&a->store);
    vec_clear(&a->before);
    find_places(a);
    for (size_t i = 0; i < a->list.len && !status; i++)
        status = add_user(a, i, e);
    a->batching.before = a->evidence.before = a->before.at;
    return status ? status : session_store_end(&a->store, e);
}

/* Fills the store.  Where sessions overlap so much that the model would have to remember more of
 * them, it begins anew with room for more, so that this happens seldom. */
static int gather(struct engine *a, struct err *e)
{
    int32_t room = a->model.data.history;
    if (fill_store(a, e))
        return e->status;
    int64_t reach = batching_reach(&a->batching);
    if (!a->model.remembers || reach <= room)
        return 0;
    engine_forget(a);
    if (fill_store(a, e))
        return e->status;
    reach = batching_reach(&a->batching);
    a->model.data.history = (int32_t)(reach < INT32_MAX / 2 ? reach + reach / 2 : reach);
    return 0;
}

/* The batch of these sessions of the store, with users by the model's ids. */
static struct batch batch_of(struct engine *a, const i32_vec *sessions)
{
    struct batch own = batching_make(&a->batching, sessions->at, sessions->len, false);
    vec_clear(&a->user);
    for (size_t i = 0; i < own.user.len; i++) {
        int32_t place = column_i32(own.user)[i];
        int32_t known = engine_user(a, (size_t)place)->known;
        if (a->model.remembers)
            known = a->remembered.at.at[a->place.at[place]].id;
        vec_push(&a->user, known < 0 ? names_count(&a->saved->users) + place : known);
    }
    own.user.at = a->user.at;
    return own;
}

/* Takes in the earlier sessions that are new: what the model makes of one depends on those before.
 */
static void remember(struct engine *a)
{
    struct rounds rounds;
    rounds_open(&rounds, &a->store, PART_TRAIN);
    while (rounds_next(&rounds, (size_t)a->batch)) {
        struct batch b = batch_of(a, &rounds.picked);
        struct forward f;
        tape_begin(a->tape, false, 0, 0);
        model_forward_deep(&a->model, a->tape, &b, &f);
        a->model.class->finish(&a->model, a->tape, &b);
        a->taken += (int64_t)rounds.picked.len;
    }
    rounds_release(&rounds);
    for (size_t i = 0; i < a->list.len; i++)
        a->remembered.at.at[a->place.at[i]].sessions = engine_user(a, i)->sessions.len - 1;
}

void engine_forget(struct engine *a)
{
    if (a->model.remembers)
        remembered_clear(&a->remembered, &a->model);
}

/* ---- scores ---- */

/* Marks the user's excluded items, and none of others. */
static void mark_excluded(struct engine *a, const struct known_user *user)
{
    if (a->marks++ == INT32_MAX - 1) {
        memset(a->mark.at, 0, a->mark.len * sizeof *a->mark.at);
        a->marks = 1;
    }
    for (size_t i = 0; i < user->excluded.len; i++)
        a->mark.at[user->excluded.at[i]] = a->marks;
}

/* Adds those items of a session that are not among the excluded ones, which are marked. */
static int add_excluded(struct engine *a, struct known_user *user, size_t session, struct err *e)
{
    struct user_events events;
    if (users_events(a->users, &user->sessions.at[session], &events, e))
        return e->status;
    for (int32_t i = 0; i < user->sessions.at[session].count; i++) {
        int32_t *at = &a->mark.at[events.item[i]];
        if (*at != a->marks)
            vec_push(&user->excluded, events.item[i]);
        *at = a->marks;
    }
    return 0;
}

/* Finds the items that --exclude leaves out of the answer: those of sessions that were read for an
 * answer before are kept. */
static int find_excluded(struct engine *a, size_t i, struct err *e)
{
    const struct question *asked = &a->list.at[i].asked;
    struct known_user *user = engine_user(a, i);
    size_t n = user->sessions.len;
    size_t first = asked->exclude == EXCLUDE_HISTORY   ? 0
                   : asked->exclude == EXCLUDE_SESSION ? n - 1
                                                       : n;
    int64_t from = user->dropped + (int64_t)first, end = user->dropped + (int64_t)n;
    if (user->excluded_from != from) {
        vec_clear(&user->excluded);
        user->excluded_from = user->excluded_to = from;
    }
    mark_excluded(a, user);
    for (; user->excluded_to < end; user->excluded_to++)
        if (add_excluded(a, user, (size_t)(user->excluded_to - user->dropped), e))
            return e->status;
    return 0;
}

/* How many best items to compute so that every answer has its `top` left after what it excludes. */
static int list_length(struct engine *a, int *length, struct err *e)
{
    int32_t items = names_count(a->items);
    *length = 0;
    for (size_t i = 0; i < a->list.len; i++) {
        if (find_excluded(a, i, e))
            return e->status;
        int32_t count = (int32_t)engine_user(a, i)->excluded.len, top = a->list.at[i].asked.top;
        int32_t most = count < items - top ? count + top : items;
        *length = most > *length ? most : *length;
    }
    return 0;
}

/* The mask of the items that may be recommended, on the device; NULL: all may. */
static const unsigned char *allowed(struct engine *a)
{
    size_t n = (size_t)names_count(a->items);
    if (!a->allowed)
        return NULL;
    unsigned char *mask = tape_memory(a->tape, n);
    a->model.device->op->upload(a->model.device, mask, a->allowed, n);
    return mask;
}

/* [B, S] of [T, S]: the state after each session's last input, which predicts the next item. */
static struct tensor *last_states(struct engine *a, const struct batch *b, struct tensor *state)
{
    size_t count = b->length.len;
    int32_t *last = tape_host(a->tape, count * sizeof *last), row = -1;
    for (size_t i = 0; i < count; i++)
        last[i] = row += column_i32(b->length)[i] - 1;
    return tape_gather(a->tape, state, tape_rows(a->tape, last, (int)count));
}

/* The copy of the output layer's weights, which is made with the second answers: the first do not
 * wait for it.  Without `serves`, and where the output layer is another for each batch: NULL. */
static const struct quantized *quantized(struct engine *a, const struct forward *f,
                                         const struct output_layer *o)
{
    struct device *d = a->model.device;
    if (!a->serves || a->grows || f->item_weight)
        return NULL;
    if (a->answers < 2 && ++a->answers == 2)
        a->quantized = d->op->quantize(d, o->items, o->width, o->weight);
    return a->quantized;
}

static int keep_vectors(struct engine *a, const struct forward *f, const struct output_layer *o,
                        struct err *e)
{
    bool biased = f->item_bias || f->output_bias;
    for (size_t i = 0; i < a->list.len; i++)
        vec_push(&a->vectors->user_id, a->list.at[i].asked.user);
    return vectors_take(a->vectors, a->model.device, o, biased, e);
}

/* Downloads the k best items of each user; f->state: [users, width]. */
static int score(struct engine *a, const struct forward *f, int k, struct err *e)
{
    struct tape *t = a->tape;
    struct device *d = a->model.device;
    size_t n = a->list.len, listed = n * (size_t)k;
    float *scores = tape_memory(t, listed * sizeof *scores);
    int32_t *items = tape_memory(t, listed * sizeof *items);
    struct output_layer output = {.targets = (int)n,
                                  .width = f->state->cols,
                                  .items = names_count(a->items),
                                  .state = f->state->value,
                                  .weight = model_output(&a->model, t, f)->value,
                                  .bias = model_output_bias(t, f)->value,
                                  .candidate = allowed(a),
                                  .add = tape_additions_of(&f->add)};
    if (a->vectors && keep_vectors(a, f, &output, e))
        return e->status;
    d->op->output_best(d, &output, quantized(a, f, &output), k, items, scores);
    vec_clear(&a->best), vec_reserve(&a->best, listed);
    vec_clear(&a->best_score), vec_reserve(&a->best_score, listed);
    d->op->download(d, a->best.at, items, listed * sizeof *items);
    d->op->download(d, a->best_score.at, scores, listed * sizeof *scores);
    for (size_t i = 0; i < n && k; i++)
        if (isnan(a->best_score.at[i * (size_t)k]))
            return err_set(e, STATUS_FAIL, "the weights in %s give scores that are not numbers",
                           a->saved->path);
    return 0;
}

/* Takes the first `top` of each user's k best items that are not excluded; there may be fewer. */
static void choose(struct engine *a, int k)
{
    vec_clear(&a->item);
    vec_clear(&a->score);
    for (size_t i = 0; i < a->list.len; i++) {
        struct recommendation *answer = &a->list.at[i];
        mark_excluded(a, engine_user(a, i));
        answer->first = a->item.len;
        const int32_t *best = a->best.at + i * (size_t)k;
        for (int j = 0; j < k && answer->count < answer->asked.top && best[j] >= 0; j++) {
            if (a->mark.at[best[j]] == a->marks)
                continue;
            vec_push(&a->item, best[j]);
            vec_push(&a->score, a->best_score.at[i * (size_t)k + (size_t)j]);
            answer->count++;
        }
    }
}

/* The evidence for the newest sessions.  Where nobody asks for reasons it comes in parts, whose
 * features stay in a core's caches. */
static void find_evidence(struct engine *a, const i32_vec *newest)
{
    size_t most = PART * (size_t)a->evidence.threads;
    if (a->why || !a->model.device->host) {
        a->said = evidence_make(&a->evidence, newest->at, newest->len, true);
        return;
    }
    wide_values_clear(&a->values);
    for (size_t from = 0; from < newest->len; from += most) {
        size_t left = newest->len - from, some = left < most ? left : most;
        struct evidence e = evidence_make(&a->evidence, newest->at + from, some, true);
        wide_part_values(a->model.wide, &a->model, a->tape, &e, &a->values);
    }
    a->said = wide_values_evidence(&a->values);
}

/* Recommends from the newest sessions: *b is the batch of `newest`. */
static int answer(struct engine *a, struct batch *b, const i32_vec *newest, struct err *e)
{
    struct forward f;
    int k;
    if (list_length(a, &k, e))
        return e->status;
    tape_begin(a->tape, false, 0, 0);
    model_forward_deep(&a->model, a->tape, b, &f);
    struct forward last = f;
    if (f.state)
        last.state = last_states(a, b, f.state);
    last.targets = (int)a->list.len;
    if (a->model.wide) {
        find_evidence(a, newest);
        b->evidence = &a->said;
        model_add_wide(&a->model, a->tape, b, &last);
    }
    if (score(a, &last, k, e))
        return e->status;
    choose(a, k);
    if (a->why && a->attends)
        reasons_find(a, b, &f);
    if (engine_tells(a))
        item_reasons_find(a);
    return 0;
}

int engine_make(struct engine *a, struct users *users, const struct question *asked, size_t count,
                struct err *e)
{
    a->users = users;
    vec_clear(&a->list);
    vec_clear(&a->reason);
    if (!count)
        return 0;
    if (a->grows && follow_counts(a, e))
        return e->status;
    for (size_t i = 0; i < count; i++)
        vec_push(&a->list, ((struct recommendation){.asked = asked[i]}));
    if (gather(a, e))
        return e->status;
    if (a->model.remembers)
        remember(a);
    struct rounds newest;
    rounds_open(&newest, &a->store, PART_TEST);
    rounds_next(&newest, count);
    struct batch b = batch_of(a, &newest.picked);
    int status = answer(a, &b, &newest.picked, e);
    rounds_release(&newest);
    return status;
}
