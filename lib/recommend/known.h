/* What answers to requests are made of: a model, users' earlier sessions, titles and sets of items,
 * all read from files at one time. */
#ifndef RECOMMEND_KNOWN_H
#define RECOMMEND_KNOWN_H

#include "recommend/engine.h"
#include "recommend/item_sets.h"
#include "recommend/titles.h"

struct known_files {
    const char *model, *index;   /* NULL: the ready-made model; sessions to count in, or NULL */
    const char *const *sessions; /* [count] streams of users' earlier sessions, with titles */
    int count;
    struct item_sets sets; /* names and files */
    int32_t batch;         /* as in struct engine */
    bool why;
    double explore;
    int64_t keep, memory; /* as in struct users and struct engine */
};

struct known {
    struct saved_model saved;
    struct engine engine;
    struct item_sets sets;
    struct titles titles;
    struct names names; /* of the users */
    struct users users; /* their sessions, by the model's items */
    i64_vec edges;
};

/* *k is zeros before.  64: the ready-made model has no sessions to count in, or the model reads
 * columns that requests do not have; 65, 66, 71: as engine_open and streams. */
int known_open(struct known *k, const struct known_files *files, struct device *d, struct err *e);

void known_release(struct known *k);

#endif
