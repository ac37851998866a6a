/* What the ids of a run mean: names of users and items, age buckets, popularity. */
#ifndef VIZ_NAMES_H
#define VIZ_NAMES_H

#include <stdbool.h>

#include "base/buf.h"
#include "eval/popularity.h"

struct label_list {
    struct buf text;
    VEC(size_t) end; /* of each label in the text, by id */
};

/* {0} is a run without names. */
struct run_names {
    struct label_list users, items;
    i32_vec train; /* of each item: how often it is in the training part; -1: not known */
    i64_vec edges; /* upper edges of the age buckets, in seconds */
    struct popularity popularity; /* of the items, in tenths; made at first use */
    bool has_popularity;
};

/* Add the name of the next id.  An item's title, if it has one (len > 0), is shown instead. */
void run_names_add_user(struct run_names *c, struct bytes name);
void run_names_add_item(struct run_names *c, struct bytes name, struct bytes title,
                        struct bytes train);

struct bytes label_list_at(const struct label_list *l, int64_t id);

/* Ages of a bucket are from run_names_age_from to below run_names_age_to, in seconds; INT64_MAX: no
 * end. */
int64_t run_names_age_from(const struct run_names *c, size_t bucket);
int64_t run_names_age_to(const struct run_names *c, size_t bucket);

/* The groups of the run's items, from all items that there are at the first call. */
const struct popularity *run_names_popularity(struct run_names *c);

void run_names_clear(struct run_names *c);
void run_names_release(struct run_names *c);

#endif
