/* Groups rows in any order by user, in bounded memory: what does not fit is written to a temporary
 * file in parts, each sorted by user, and the parts are merged.
 *
 * Add the rows, call regroup_sort, then read the users in byte order of their names, each with its
 * rows in the order in which they were added. */
#ifndef DATA_REGROUP_H
#define DATA_REGROUP_H

#include "base/names.h"
#include "base/temp_file.h"

struct regroup_chain { /* one user's rows in memory */
    uint32_t first, last, count;
};

struct regroup_user { /* in memory */
    struct bytes name;
    uint32_t id;
};

struct regroup_part {          /* of the temporary file */
    uint64_t at, end;          /* what has not been read */
    char *block;               /* of the regroup's blocks */
    size_t from, filled, size; /* its unread bytes, its size */
    struct buf name;           /* of its next user */
    uint64_t left;             /* rows of that user */
};

struct regroup {
    size_t row_size, memory;
    size_t before; /* bytes that the program held when it began */
    struct names users;
    size_t last;                      /* the user of the last row */
    VEC(struct regroup_chain) chains; /* of each user */
    char *rows;
    uint32_t *next;                  /* the row after each in its chain */
    size_t count, room, checked;     /* rows; those at which the memory is looked at again */
    bool has_grown;                  /* the last rows were of a user who was not in memory */
    VEC(struct regroup_user) sorted; /* users in memory, by name */
    struct temp_file scratch;
    struct buf block; /* what is to be written to it; a row that was read of it */
    VEC(struct regroup_part) parts;
    VEC(uint32_t) heap; /* of parts, by their next user */
    char *blocks;       /* what was read of each */
    struct buf user;    /* the current one */
    size_t at;          /* user in memory that comes next */
    uint32_t row, left; /* of the user in memory */
};

/* Rows have row_size bytes.  Rows, users' names and what else the program holds from now on may
 * take `memory` bytes together: rows and users get what that leaves, a quarter at least. */
void regroup_open(struct regroup *g, size_t row_size, size_t memory);

/* Where to write rows of the user, before the next call: the next *count of them, or as many as
 * there is room for, one at least, which it is then set to.  NULL: 73, 74, the temporary file. */
void *regroup_add(struct regroup *g, struct bytes user, size_t *count, struct err *e);

int regroup_sort(struct regroup *g, struct err *e);

/* The next user, valid until the next call; false: there is none. */
bool regroup_user(struct regroup *g, struct bytes *user);

/* 1: the next *count rows of that user, one after the other, valid until the next call; 0: there
 * are none; -1: 74, the temporary file. Read all rows of a user before the next one. */
int regroup_rows(struct regroup *g, const char **rows, size_t *count, struct err *e);

void regroup_release(struct regroup *g);

#endif
