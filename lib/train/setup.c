#include "train/setup.h"

#include <inttypes.h>
#include <stdio.h>

#include "train/model_file.h"

/* The name of the batches' scheme, for messages. */
static const char *scheme_of(const struct meta *m, char *to, size_t room)
{
    struct cursor c = cursor_of(meta_find(m, "scheme"));
    struct bytes name;
    if (!cursor_str(&c, &name))
        return NULL;
    snprintf(to, room, "%.*s", (int)(name.len < 80 ? name.len : 80), name.at);
    return to;
}

static int read_data(const struct training *t, struct model_data *data, struct err *e)
{
    const struct meta *m = batches_in_meta(t->in);
    int64_t history = 0, lanes = 0;
    int keeps_order = 0, items = 0;
    i64_vec edges = {0};
    int status = meta_get_int(m, "history", &history, e);
    if (!status)
        status = meta_get_bool(m, "keeps_order", &keeps_order, e);
    if (!status)
        status = meta_get_bool(m, "history_items", &items, e);
    if (!status && meta_find(m, "lanes").len)
        status = meta_get_int(m, "lanes", &lanes, e);
    if (!status)
        status = meta_get_i64s(m, "delta_edges", &edges, e);
    if (!status && !edges.len)
        status = err_set(e, STATUS_DATA, "header: no \"delta_edges\"");
    *data = (struct model_data){.users = names_count(batches_in_users(t->in)),
                                .items = names_count(batches_in_items(t->in)),
                                .history = (int32_t)history,
                                .delta_buckets = (int32_t)edges.len + 1,
                                .keeps_order = keeps_order,
                                .history_items = items,
                                .lanes = (int32_t)lanes,
                                .count = t->support.count.at};
    vec_release(&edges);
    return status;
}

/* A model that is trained already knows items of its own, which are written behind the stream's. */
static int open_vocabulary(struct training *t, struct err *e)
{
    const struct names *items = batches_in_items(t->in);
    struct item_map *v = &t->vocabulary;
    item_map_open(v, items, &t->trained->items);
    if (v->unknown == v->streamed)
        return err_set(e, STATUS_DATA, "%s knows none of the items of the input", t->trained->path);
    for (size_t i = 0; i < v->id.len; i++)
        if (v->id.at[i] >= v->streamed &&
            write_item(&t->stage.out, v->id.at[i], names_at(&v->rows, (int32_t)i),
                       (struct attributes){{NULL, 0}}, e))
            return e->status;
    return 0;
}

struct model_names setup_names(const struct training *t)
{
    const struct names *items = batches_in_items(t->in);
    return (struct model_names){t->trained ? &t->vocabulary.rows : items, batches_in_users(t->in)};
}

/* Gives the parameters their first values. */
static int open_weights(struct training *t, const struct train_options *options, struct err *e)
{
    struct parameters *p = &t->model.parameters;
    const struct model_names names = setup_names(t);
    if (t->trained) {
        parameters_hold(p, t->device);
        return model_file_read(&t->model, &names, &t->trained->file, e);
    }
    parameters_allocate(p, t->device, options->optimizer.update.kind,
                        options->optimizer.update.momentum, options->seed);
    return t->o->init ? model_file_init(&t->model, &names, t->o->init, e) : 0;
}

/* Among which items targets are ranked. */
static int open_candidates(struct training *t, struct train_options *options, struct err *e)
{
    struct item_map *v = &t->vocabulary;
    int32_t items = t->trained ? v->items : names_count(batches_in_items(t->in));
    if (item_support_most(&t->support, t->o->rank_among, items, &t->candidates, e))
        return e->status;
    options->candidate = t->candidates;
    if (!t->trained || !t->candidates)
        return 0;
    options->candidate = item_map_candidates(v, t->candidates);
    return options->candidate
               ? 0
               : err_set(e, STATUS_DATA, "%s knows none of the %" PRId64 " most supported items",
                         t->trained->path, t->o->rank_among);
}

/* Whose attention weights each user takes, where he has not his own. */
static int open_clusters(struct training *t, struct model_data *data, struct err *e)
{
    const struct run_options *o = t->o;
    struct clustering *c = &t->clustering;
    struct safetensors init = {.fd = -1}, *file = t->trained ? &t->trained->file : NULL;
    if (!o->shape->clusters)
        return 0;
    if (!t->trained && o->init) {
        if (safetensors_open(&init, o->init, e))
            return e->status;
        file = &init;
    }
    int status = clustering_open(c, o->shape->clusters, file, t->trained != NULL,
                                 batches_in_users(t->in), e);
    if (file == &init)
        safetensors_close(&init);
    if (!status && c->to_find && !t->ahead.done)
        status = err_set(e, STATUS_DATA, "--clusters %s: the input begins with no training pass",
                         o->shape->clusters);
    data->groups = c->blocks;
    data->group = c->group.at;
    return status;
}

/* What a loss over some of the items needs of the stream. */
static int check_sampled(const struct training *t, const struct train_options *o,
                         const struct model_data *data, struct err *e)
{
    bool by_count = o->negatives && o->alpha > 0;
    if (!o->sampled)
        return 0;
    if ((by_count || o->log_q) && t->support.unknown)
        return err_set(e, STATUS_DATA,
                       "%s: the input does not say how often training has each item (the items' "
                       "\"train\"): tfilter --split writes it%s",
                       o->log_q ? "--logq" : "--negatives",
                       o->log_q ? "" : "; --negatives-alpha 0 does without");
    if (data->lanes == 1 && !o->negatives && o->unroll <= 1 && !t->o->shape->join_sessions &&
        o->max_steps)
        return err_set(e, STATUS_USAGE,
                       "a single lane has no targets beside its own to learn from: give "
                       "--negatives, or make more lanes with batcher --batch");
    return 0;
}

int setup_model(struct training *t, struct err *e)
{
    const struct run_options *o = t->o;
    struct model_data data;
    char scheme[100];
    if (read_data(t, &data, e))
        return e->status;
    struct train_options options = run_train_options(o);
    data.scheme = scheme_of(batches_in_meta(t->in), scheme, sizeof scheme);
    if (t->trained) {
        if (open_vocabulary(t, e))
            return e->status;
        options.look = true;
        options.sampled = false;
        data.items = names_count(&t->vocabulary.rows);
    }
    if (check_sampled(t, &options, &data, e) || open_candidates(t, &options, e) ||
        open_clusters(t, &data, e) ||
        model_open(&t->model, o->class, o->shape, &data, t->device, e))
        return e->status;
    t->learning = true;
    t->model.data.scheme = NULL; /* its text ends here */
    if (open_weights(t, &options, e))
        return e->status;
    if (t->clustering.to_find)
        clustering_find(&t->clustering, &t->ahead, &t->model, o->init != NULL, options.seed);
    if (run_attention(o) && !options.top)
        options.top = 1; /* what the model held likely is part of the picture */
    learner_open(&t->learner, &t->model, &options);
    best_init(&t->best, !strcmp(o->save_by, "last") ? SAVE_BY_LAST : SAVE_BY_RECALL,
              o->save || t->checkpoint.path);
    attention_sample_open(&t->watch, run_attention(o), options.seed, &t->model);
    return 0;
}
