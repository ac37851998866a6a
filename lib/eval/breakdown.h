/* Ways to break scores down.  Each puts a target into one group or into none. */
#ifndef EVAL_BREAKDOWN_H
#define EVAL_BREAKDOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "eval/popularity.h"

/* What a breakdown knows of a target. */
struct target {
    int32_t position; /* in the session, from 0 */
    int32_t history;  /* sessions of the user before this one */
    int32_t length;   /* events of the session */
    int32_t train;    /* how often the item is in the training part */
    int32_t seen;     /* 1: the user had the item in an earlier event; 0: not; -1: not known */
    int32_t day;      /* of the part on which the session ends, from 0; -1: not known */
};

enum { GROUP_NAME = 24, NO_GROUP = -1 };

struct breakdown {
    const char *name;
    const char *axis;  /* what the groups are, in a few words */
    const char *up_to; /* the name of the same breakdown with groups added up; NULL: none */
    bool quarters;     /* groups are numbers, to be joined: breakdown_range */
    bool history, length, train, day; /* the members of a target that it needs */
    bool optional; /* one of all: without what it needs, targets are in no group; else an error */
    int (*group)(const struct target *t, const struct popularity *p); /* from 0; NO_GROUP */
    void (*label)(int group, const struct popularity *p, char to[GROUP_NAME]);
};

/* All breakdowns; the row after the last has no name. */
extern const struct breakdown breakdowns[];
enum { BREAKDOWNS = 11 };

/* The breakdown by repeat, which every list but "none" has. */
extern const struct breakdown *const breakdown_repeat;

/* The name of the numbers low..high as one group: "4", "2-6", "90-1000+". */
void breakdown_range(int low, int high, char to[GROUP_NAME]);

/* Some of them, in the order given. */
struct breakdown_list {
    bool all;
    int count;
    const struct breakdown *at[BREAKDOWNS];
};

/* Reads "position,seen", "all" or "none", and adds `repeat` to what is not none; 64 on anything
 * else. */
int breakdown_list_parse(struct breakdown_list *l, const char *text, struct err *e);

#endif
