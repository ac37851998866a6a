/* A model of a few weights, with items and users that have names of one letter, and files of it. */
#ifndef TESTS_TRAIN_TINY_MODEL_H
#define TESTS_TRAIN_TINY_MODEL_H

#include "nn/device_open.h"
#include "train/model_file.h"

#include "../streams.h"

struct tiny {
    struct model model;
    struct names items, users;
    struct model_names names;
};

static inline void tiny_names(struct names *n, const char *letters)
{
    *n = (struct names){0};
    for (; *letters; letters++)
        names_add(n, (struct bytes){letters, 1}, NULL);
}

/* Names without parameters; the caller declares them, then calls tiny_fill. */
static inline void tiny_open(struct tiny *t, const char *items, const char *users)
{
    *t = (struct tiny){
        .model = {.data = {.users = (int32_t)strlen(users), .items = (int32_t)strlen(items)}}};
    t->model.device = cpu_open(&(struct device_options){.threads = 1});
    tiny_names(&t->items, items);
    tiny_names(&t->users, users);
    t->names = (struct model_names){.items = &t->items, .users = &t->users};
}

/* Allocates the parameters and gives them the weights first, first + 1, ... in their order;
 * `learns`: with gradients. */
static inline void tiny_fill(struct tiny *t, float first, bool learns)
{
    struct parameters *p = &t->model.parameters;
    if (learns)
        parameters_allocate(p, t->model.device, OPTIMIZER_SGD, 0, 1);
    else
        parameters_hold(p, t->model.device);
    for (size_t k = 0; k < p->list.len; k++)
        for (size_t i = 0; i < p->list.at[k]->count; i++)
            p->list.at[k]->value[i] = first++;
}

/* bias [2], item [items, 2] and user [users, 2] in that order. */
static inline void tiny_usual(struct tiny *t, const char *items, const char *users, float first)
{
    tiny_open(t, items, users);
    struct parameters *p = &t->model.parameters;
    parameters_add_vector(p, "bias", 2, 1);
    parameters_add_items(p, "item", (int64_t)strlen(items), 2, 1);
    parameters_add_table(p, "user", 2, (const int64_t[]){(int64_t)strlen(users), 2}, 1);
    tiny_fill(t, first, true);
}

static inline void tiny_close(struct tiny *t)
{
    parameters_release(&t->model.parameters);
    device_close(t->model.device);
    names_release(&t->items);
    names_release(&t->users);
}

static inline void tiny_save(const struct tiny *t, const struct session_index *index,
                             const char *path)
{
    struct err e = {0};
    must(model_file_save(&t->model, t->model.parameters.value, &t->names, index, NULL, 0, path, &e),
         &e);
}

/* Whether the parameter's values are these. */
static inline bool tiny_has(const struct tiny *t, const char *name, const float *expected, size_t n)
{
    const struct parameter *p = parameters_find(&t->model.parameters, name);
    bool same = p->count == n;
    for (size_t i = 0; i < n && same; i++)
        same = p->value[i] == expected[i];
    for (size_t i = 0; !same && i < p->count; i++)
        printf("# %s[%zu] = %g\n", name, i, (double)p->value[i]);
    return same;
}
#define TINY_HAS(t, name, ...)                                                                     \
    tiny_has(t, name, (const float[]){__VA_ARGS__}, sizeof((float[]){__VA_ARGS__}) / sizeof(float))

#endif
