/* Who and what the ids of a run stand for, as far as pictures show it. */
#ifndef VIZ_NAMES_H
#define VIZ_NAMES_H

#include "base/buf.h"

struct labels {
    struct buf text;
    VEC(size_t) end; /* where each label ends in it, by id */
};

/* {0} is a run of which nothing is known. */
struct cast {
    struct labels users, items;
    i64_vec train;   /* of each item: how often it stands in the training part; -1: not known */
    i64_vec edges;   /* upper edges of the age buckets, in seconds */
    i64_vec popular; /* the least `train` of each group of items; made when first asked for */
};

/* The next id's name; its title, where it has one (len > 0), is what people read. */
void cast_add_user(struct cast *c, struct bytes name);
void cast_add_item(struct cast *c, struct bytes name, struct bytes title, struct bytes train);

struct bytes labels_at(const struct labels *l, int64_t id);

/* Ages of bucket k are at least this many seconds, and below cast_age_to; INT64_MAX: no end. */
int64_t cast_age_from(const struct cast *c, size_t bucket);
int64_t cast_age_to(const struct cast *c, size_t bucket);

/* The group of items that stand `train` times in the training part: up to POPULARITY_GROUPS, from
 * rare to popular, that each stand for about the same share of the training events.  An item that
 * has more than its share is a group alone. */
enum { POPULARITY_GROUPS = 10 };
size_t cast_popularity(struct cast *c, int64_t train);

void cast_clear(struct cast *c);
void cast_release(struct cast *c);

#endif
