/* The items of a log and their titles.  Rows ask for their items, and get the numbers of many at
 * once: looked up together they wait for memory together. */
#ifndef DATA_ITEM_TABLE_H
#define DATA_ITEM_TABLE_H

#include <stdbool.h>

#include "base/names.h"

struct asked_item {
    size_t name, title; /* where they begin in `text`; the title goes up to the next one's name */
};

/* {0} is empty. */
struct item_table {
    struct names names;       /* of the log, whether a session uses them or not */
    bool least_title;         /* of an item's titles take the least, not the first */
    VEC(struct bytes) titles; /* of each item; len = 0: none so far */
    struct buf text;          /* of what has been asked for */
    VEC(struct asked_item) asked;
    VEC(struct bytes) waiting;
    i32_vec answer;
};
enum { ITEMS_TOGETHER = 64 };

/* Asks for an item by its name; an empty title is none.  The bytes are copied.  True: enough has
 * been asked for, and an answer is due. */
bool item_table_ask(struct item_table *t, struct bytes name, struct bytes title);

/* The numbers of all items that were asked for, in this order, from 0 in order of first use. */
const int32_t *item_table_answer(struct item_table *t, size_t *count);

void item_table_release(struct item_table *t);

#endif
