#include "recommend/known.h"

static void take_item(struct known *k, const struct named *item)
{
    int32_t id = engine_item(&k->engine, item->name);
    struct bytes title = attributes_find(item->attributes, "title");
    users_item(&k->users, id);
    if (id >= 0 && title.len)
        titles_set(&k->titles, id, title);
}

static int take_record(struct known *k, const struct sessions_record *r, struct err *e)
{
    if (r->kind == RECORD_ITEM) {
        take_item(k, &r->named);
    } else if (r->kind == RECORD_USER) {
        names_add(&k->names, r->named.name, NULL);
        users_user(&k->users, r->named.name, &k->saved.users);
    } else {
        return users_session(&k->users, &r->session, e);
    }
    return 0;
}

static int read_sessions(struct known *k, struct sessions_in *in, struct err *e)
{
    struct sessions_record record;
    enum read_result got;
    int status = 0;
    while (!status && (got = sessions_in_next(in, &record, e)) != READ_END)
        status = got == READ_ERROR ? e->status : take_record(k, &record, e);
    return status;
}

static int open_saved(struct known *k, const struct known_files *files, struct err *e)
{
    if (!files->model && !files->index)
        return err_set(e, STATUS_USAGE,
                       "--requests: without --model there is nothing to count in: give "
                       "--index SESSIONS");
    return saved_model_open(&k->saved, files->model, e);
}

/* Opens the model for streams with the header `m`. */
static int open_engine(struct known *k, const struct known_files *files, const struct meta *m,
                       struct device *d, struct err *e)
{
    k->engine = (struct engine){.batch = files->batch,
                                .why = files->why,
                                .explore = files->explore,
                                .serves = true,
                                .memory = files->memory,
                                .index_path = files->index};
    if (meta_get_i64s(m, "delta_edges", &k->edges, e) ||
        run_contexts_open(&k->engine.contexts, k->saved.options, m, &k->saved.dwell_edges, e) ||
        engine_open(&k->engine, &k->saved, &k->edges, d, e))
        return e->status;
    if (k->engine.store.columns.len)
        return err_set(e, STATUS_USAGE,
                       "--requests: the model in %s reads \"%s\" of each event, which requests do "
                       "not have",
                       k->saved.path, k->engine.store.columns.at[0].key);
    return item_sets_read(&k->sets, k->engine.items, e);
}

int known_open(struct known *k, const struct known_files *files, struct device *d, struct err *e)
{
    static const struct meta none;
    struct sessions_in *in = NULL;
    k->saved.file.fd = -1;
    k->users.keep = files->keep;
    k->users.kept.limit = (size_t)files->memory;
    item_sets_copy(&k->sets, &files->sets);
    if (open_saved(k, files, e) ||
        (files->count && sessions_in_open(&in, files->sessions, files->count, e)))
        return e->status;
    int status = open_engine(k, files, in ? sessions_in_meta(in) : &none, d, e);
    if (!status && in)
        status = read_sessions(k, in, e);
    sessions_in_close(in);
    return status;
}

void known_release(struct known *k)
{
    engine_release(&k->engine);
    item_sets_release(&k->sets);
    titles_release(&k->titles);
    names_release(&k->names);
    users_release(&k->users);
    vec_release(&k->edges);
    saved_model_close(&k->saved);
}
