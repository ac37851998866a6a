#include "train/clustering.h"

#include <inttypes.h>
#include <string.h>

#include "base/lines.h"
#include "base/num.h"
#include "train/kmeans.h"

int64_t clustering_number(const char *clusters)
{
    int64_t n;
    return num_i64(clusters, strlen(clusters), &n) && n > 0 ? n : 0;
}

/* ---- from a file of users and clusters ---- */

/* One line, without its end. */
static int take_line(struct clustering *c, struct bytes line, const struct names *users,
                     struct names *clusters, struct err *e)
{
    const char *tab = memchr(line.at, '\t', line.len);
    if (!tab || tab == line.at || tab + 1 == line.at + line.len)
        return err_set(e, STATUS_DATA, "expected user, tab, cluster");
    size_t n = (size_t)(tab - line.at);
    int32_t user = names_find(users, (struct bytes){line.at, n});
    int32_t cluster = names_add(clusters, (struct bytes){tab + 1, line.len - n - 1}, NULL);
    if (user >= 0 && c->group.at[user] >= 0)
        return err_set(e, STATUS_DATA, "this user has a line already");
    if (user >= 0)
        c->group.at[user] = cluster;
    return 0;
}

static int take_lines(struct clustering *c, struct lines *lines, const struct names *users,
                      struct err *e)
{
    struct names clusters = {0};
    struct bytes line;
    enum line_result got;
    int status = 0;
    while (!status && (got = lines_next(lines, &line, e)) != LINE_END) {
        if (got == LINE_ERROR)
            status = e->status;
        else if (got == LINE_LONG)
            status = err_set(e, STATUS_DATA, "longer than %d bytes", LINE_LIMIT);
        else
            status = take_line(c, line, users, &clusters, e);
        if (status == STATUS_DATA && got != LINE_ERROR)
            err_at(e, "%s, line %" PRIu64, lines->name, lines->number);
    }
    c->blocks = names_count(&clusters);
    names_release(&clusters);
    return status;
}

static int check_all(const struct clustering *c, const char *path, const struct names *users,
                     struct err *e)
{
    for (int32_t u = 0; u < names_count(users); u++)
        if (c->group.at[u] < 0) {
            struct bytes name = names_at(users, u);
            return err_set(e, STATUS_DATA, "%s: no cluster for user \"%.*s\"", path,
                           (int)(name.len < 80 ? name.len : 80), name.at);
        }
    return 0;
}

static int open_file(struct clustering *c, const char *path, const struct names *users,
                     struct err *e)
{
    struct lines lines;
    for (int32_t u = 0; u < names_count(users); u++)
        vec_push(&c->group, -1);
    lines_open(&lines, &path, 1);
    int status = take_lines(c, &lines, users, e);
    lines_close(&lines);
    if (status == STATUS_NOINPUT)
        return err_at(e, "--clusters takes a number, or a file with lines of user, tab, cluster");
    return status ? status : check_all(c, path, users, e);
}

/* ---- opening ---- */

/* Takes the clusters of a model's file. */
static int take_theirs(struct clustering *c, const struct safetensors *model, int64_t number,
                       bool trained, const struct names *users, struct err *e)
{
    int32_t theirs = 0;
    if (model_file_groups(model, users, &c->group, &c->blocks, &theirs, e))
        return e->status;
    if (!trained && number != theirs)
        return err_set(e, STATUS_USAGE, "%s has clusters of its own: use --clusters %d with it",
                       model->path, (int)theirs);
    return 0;
}

int clustering_open(struct clustering *c, const char *clusters, const struct safetensors *model,
                    bool trained, const struct names *users, struct err *e)
{
    int64_t number = clustering_number(clusters);
    *c = (struct clustering){0};
    if (model && safetensors_find(model, "users.cluster"))
        return take_theirs(c, model, number, trained, users, e);
    if (!number)
        return open_file(c, clusters, users, e);
    if (number > names_count(users))
        return err_set(e, STATUS_USAGE, "--clusters %" PRId64 ": there are only %d users", number,
                       (int)names_count(users));
    c->blocks = (int)number;
    c->to_find = true;
    for (int32_t u = 0; u < names_count(users); u++)
        vec_push(&c->group, 0);
    return 0;
}

/* ---- finding them ---- */

static float *embeddings(const struct model *m, int32_t *width)
{
    const struct parameter *p = parameters_find(&m->parameters, "item_embedding.weight");
    float *table = mem_alloc(p->count * sizeof *table);
    m->device->op->download(m->device, table, p->value, p->count * sizeof *table);
    *width = p->cols;
    return table;
}

/* The events of training: the user and the item of each. */
struct training_events {
    i32_vec user, item;
};

static struct training_events events_of(const struct session_store *c)
{
    struct training_events to = {{0}, {0}};
    for (size_t s = 0; s < session_store_sessions(c); s++) {
        size_t length = session_store_length(c, s);
        if (session_store_part(c, s) != PART_TRAIN)
            continue;
        vec_append(&to.item, session_store_items(c, s), length);
        for (size_t i = 0; i < length; i++)
            vec_push(&to.user, session_store_user(c, s));
    }
    return to;
}

void clustering_find(struct clustering *c, const struct session_store *sessions,
                     const struct model *m, bool embedded, uint64_t seed)
{
    struct training_events of = events_of(sessions);
    struct sparse s;
    if (embedded) {
        int32_t width;
        float *table = embeddings(m, &width);
        clusters_of_means(&s, &of.user, &of.item, m->data.users, table, width);
        mem_free(table);
    } else {
        clusters_of_items(&s, &of.user, &of.item, m->data.users, m->data.items);
    }
    clusters_find(&s, c->blocks, seed, c->group.at);
    sparse_release(&s);
    vec_release(&of.user);
    vec_release(&of.item);
}

void clustering_release(struct clustering *c)
{
    vec_release(&c->group);
}
