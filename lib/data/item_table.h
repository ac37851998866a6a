/* The items of a log and their titles. */
#ifndef DATA_ITEM_TABLE_H
#define DATA_ITEM_TABLE_H

#include <stdbool.h>

#include "base/names.h"

/* {0} is empty. */
struct item_table {
    struct names names;       /* of the log, whether a session uses them or not */
    bool least_title;         /* of an item's titles take the least, not the first */
    VEC(struct bytes) titles; /* of each item; len = 0: none so far */
};

/* The numbers of `count` items by their names, from 0 in order of first use. */
void item_table_number(struct item_table *t, const struct bytes *names, size_t count,
                       int32_t *numbers);

/* What items are called; an empty title is none. */
void item_table_call(struct item_table *t, const int32_t *numbers, const struct bytes *titles,
                     size_t count);

void item_table_release(struct item_table *t);

#endif
