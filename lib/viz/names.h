/* Who and what the ids of a run stand for, as far as pictures show it. */
#ifndef VIZ_NAMES_H
#define VIZ_NAMES_H

#include "base/buf.h"

struct label_list {
    struct buf text;
    VEC(size_t) end; /* where each label ends in it, by id */
};

/* {0} is a run of which nothing is known. */
struct run_names {
    struct label_list users, items;
    i64_vec train;   /* of each item: how often it stands in the training part; -1: not known */
    i64_vec edges;   /* upper edges of the age buckets, in seconds */
    i64_vec popular; /* the least `train` of each group of items; made when first asked for */
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

/* The group of items that stand `train` times in the training part: up to POPULARITY_GROUPS, from
 * rare to popular, that each stand for about the same share of the training events.  An item that
 * has more than its share is a group alone. */
enum { POPULARITY_GROUPS = 10 };
size_t run_names_popularity(struct run_names *c, int64_t train);

void run_names_clear(struct run_names *c);
void run_names_release(struct run_names *c);

#endif
