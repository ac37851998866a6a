/* Sets of items that may be recommended, each with a name and a file (recommender --candidates). */
#ifndef RECOMMEND_ITEM_SETS_H
#define RECOMMEND_ITEM_SETS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/names.h"

struct item_set {
    struct bytes name;
    const char *path;
    VEC(unsigned char) has; /* [items] 1: it is in the set */
    int64_t unknown;        /* lines that name no item */
};

struct item_sets {
    VEC(struct item_set) at;
};

/* The `call` of an option whose value is NAME=FILE, into a struct item_sets; the text stays the
 * caller's.  64: no such form, or a name that is there. */
int item_sets_option(void *to, const char *value, struct err *e);

/* Sets of the same names and files. */
void item_sets_copy(struct item_sets *to, const struct item_sets *from);

/* Reads the files: an item a line, up to a tab.  65: no line names an item of `items`.  66, 74. */
int item_sets_read(struct item_sets *s, const struct names *items, struct err *e);

/* NULL: there is none of the name. */
const struct item_set *item_sets_find(const struct item_sets *s, struct bytes name);

void item_sets_release(struct item_sets *s);

#endif
