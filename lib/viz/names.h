/* Who and what the ids of a run stand for, as far as pictures show it. */
#ifndef VIZ_NAMES_H
#define VIZ_NAMES_H

#include <stdbool.h>

#include "base/buf.h"
#include "eval/popularity.h"

struct label_list {
    struct buf text;
    VEC(size_t) end; /* where each label ends in it, by id */
};

/* {0} is a run of which nothing is known. */
struct run_names {
    struct label_list users, items;
    i32_vec train; /* of each item: how often it is in the training part; -1: not known */
    i64_vec edges; /* upper edges of the age buckets, in seconds */
    struct popularity popularity; /* of the items, in tenths; made when first asked for */
    bool has_popularity;
};

/* The next id's name; its title, where it has one (len > 0), is what people read. */
void run_names_add_user(struct run_names *c, struct bytes name);
void run_names_add_item(struct run_names *c, struct bytes name, struct bytes title,
                        struct bytes train);

struct bytes label_list_at(const struct label_list *l, int64_t id);

/* Ages of bucket k are at least this many seconds, and below run_names_age_to; INT64_MAX: no end.
 */
int64_t run_names_age_from(const struct run_names *c, size_t bucket);
int64_t run_names_age_to(const struct run_names *c, size_t bucket);

/* The groups of the run's items, of all that are known when it is first called. */
const struct popularity *run_names_popularity(struct run_names *c);

void run_names_clear(struct run_names *c);
void run_names_release(struct run_names *c);

#endif
