/* Last.fm's userid-profile.tsv: `#id gender age country registered` by tabs, one line a user. */
#ifndef DATA_PROFILES_H
#define DATA_PROFILES_H

#include "base/err.h"
#include "base/names.h"

/* {0} is empty: no user has a profile. */
struct profiles {
    struct names users;
    struct buf packed; /* their attributes, end to end */
    VEC(size_t) ends;  /* where each user's end */
};

/* Reads the file; lines that begin with # are comments. 65, naming file, line and field: fewer than
 * four columns, an empty or a repeated user. The caller releases *p in any case. */
int profiles_read(struct profiles *p, const char *path, struct err *e);

/* A user's country, gender and age as far as they are given, packed; {NULL, 0} where none is. */
struct bytes profiles_find(const struct profiles *p, struct bytes user);

void profiles_release(struct profiles *p);

#endif
