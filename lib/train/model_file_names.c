#include "train/model_file_names.h"

#include <stdio.h>

#include "train/model_file.h"

int file_bad(const struct safetensors *file, const char *field, const char *what, struct err *e)
{
    return err_set(e, STATUS_DATA, "%s: %s: %s", file->path, field, what);
}

/* A list of names: PREFIX.bytes holds them end to end, PREFIX.offsets where each begins. */
struct listed {
    const struct safetensors *file;
    const struct safetensors_entry *text, *offsets;
    char bytes_name[32], offsets_name[32];
};

static struct listed find_listed(const struct safetensors *file, const char *prefix)
{
    struct listed l = {.file = file};
    snprintf(l.bytes_name, sizeof l.bytes_name, "%s.bytes", prefix);
    snprintf(l.offsets_name, sizeof l.offsets_name, "%s.offsets", prefix);
    l.text = safetensors_find(file, l.bytes_name);
    l.offsets = safetensors_find(file, l.offsets_name);
    return l;
}

static int split_names(const struct listed *l, const int64_t *offsets, size_t count,
                       struct bytes text, struct names *to, struct err *e)
{
    const char *field = l->offsets_name;
    if (offsets[0] != 0 || offsets[count] != (int64_t)text.len)
        return file_bad(l->file, field, "do not begin at 0 or do not end where the names end", e);
    for (size_t i = 0; i < count; i++) {
        bool is_new;
        if (offsets[i + 1] < offsets[i] || offsets[i + 1] > (int64_t)text.len)
            return file_bad(l->file, field, "are not ascending", e);
        names_add(to, (struct bytes){text.at + offsets[i], (size_t)(offsets[i + 1] - offsets[i])},
                  &is_new);
        if (!is_new)
            return file_bad(l->file, l->bytes_name, "a name occurs twice", e);
    }
    return 0;
}

int file_names_read(const struct safetensors *file, const char *prefix, struct names *names,
                    bool *there, struct err *e)
{
    const struct listed l = find_listed(file, prefix);
    const struct safetensors_entry *offsets = l.offsets, *text = l.text;
    if (there)
        *there = offsets && text;
    if (there && !offsets && !text)
        return 0;
    if (!offsets || !text)
        return file_bad(file, offsets ? l.bytes_name : l.offsets_name, "is missing", e);
    if (strcmp(offsets->type, "I64") || offsets->dims != 1 || offsets->shape[0] < 1 ||
        offsets->shape[0] > INT32_MAX)
        return file_bad(file, offsets->name, "expected I64 of one dimension, one more than names",
                        e);
    if (strcmp(text->type, "U8") || text->dims != 1)
        return file_bad(file, text->name, "expected U8 of one dimension", e);
    size_t offset_bytes = (size_t)safetensors_bytes(offsets);
    size_t text_bytes = (size_t)safetensors_bytes(text);
    int64_t *at = mem_alloc(offset_bytes);
    char *bytes = mem_alloc(text_bytes);
    int status = safetensors_read(file, offsets, 0, at, offset_bytes, e);
    if (!status)
        status = safetensors_read(file, text, 0, bytes, text_bytes, e);
    if (!status)
        status = split_names(&l, at, (size_t)offsets->shape[0] - 1,
                             (struct bytes){bytes, text_bytes}, names, e);
    mem_free(bytes);
    mem_free(at);
    return status;
}

int model_file_items(const struct safetensors *file, struct names *items, bool *there,
                     struct err *e)
{
    return file_names_read(file, "vocabulary", items, there, e);
}

int file_clusters_read(const struct safetensors *file, int users, i32_vec *cluster, int *blocks,
                       struct err *e)
{
    const struct safetensors_entry *entry = safetensors_find(file, "users.cluster");
    *blocks = 0;
    if (!entry)
        return 0;
    if (strcmp(entry->type, "I32") || entry->dims != 1 || entry->shape[0] != users)
        return file_bad(file, entry->name, "expected I32 of one dimension, as many as users", e);
    vec_reserve(cluster, (size_t)users);
    cluster->len = (size_t)users;
    if (safetensors_read(file, entry, 0, cluster->at, (size_t)users * sizeof *cluster->at, e))
        return e->status;
    for (int i = 0; i < users; i++) {
        if (cluster->at[i] < 0 || cluster->at[i] >= users)
            return file_bad(file, entry->name, "expected numbers from 0, below that of users", e);
        *blocks = cluster->at[i] < *blocks ? *blocks : cluster->at[i] + 1;
    }
    return 0;
}

int model_file_groups(const struct safetensors *file, const struct names *users, i32_vec *group,
                      int *blocks, int *theirs, struct err *e)
{
    struct names known = {0};
    i32_vec cluster = {0};
    bool there, unknown = false;
    int status = file_names_read(file, "users", &known, &there, e);
    *theirs = 0;
    if (!status)
        status = file_clusters_read(file, names_count(&known), &cluster, theirs, e);
    for (int32_t u = 0; u < names_count(users) && !status && *theirs; u++) {
        int32_t id = names_find(&known, names_at(users, u));
        vec_push(group, id < 0 ? *theirs : cluster.at[id]);
        unknown |= id < 0;
    }
    *blocks = *theirs + unknown;
    names_release(&known);
    vec_release(&cluster);
    return status;
}
