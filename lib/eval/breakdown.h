/* Ways to break scores down: each puts a target into one group, or into none. */
#ifndef EVAL_BREAKDOWN_H
#define EVAL_BREAKDOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "eval/popularity.h"

/* What groups are made of. */
struct target {
    int32_t position; /* in the session, from 0 */
    int32_t history;  /* sessions of the user before this one */
    int32_t length;   /* events of the session */
    int32_t train;    /* how often the item stands in the training part */
};

enum { GROUP_NAME = 24, NO_GROUP = -1 };

struct breakdown {
    const char *name;
    const char *axis;            /* what its groups are, in a few words */
    const char *up_to;           /* NULL, or what groups with all before them are called */
    bool history, length, train; /* what it needs to know of a target */
    int (*group)(const struct target *t, const struct popularity *p); /* from 0; NO_GROUP */
    void (*label)(int group, const struct popularity *p, char to[GROUP_NAME]);
};

/* All of them; a row without a name is the last. */
extern const struct breakdown breakdowns[];
enum { BREAKDOWNS = 6 };

/* A choice of them, in the order given. */
struct breakdown_list {
    int count;
    const struct breakdown *at[BREAKDOWNS];
};

/* "position,seen", "all" or "none" (64 on anything else). */
int breakdown_list_parse(struct breakdown_list *l, const char *text, struct err *e);

#endif
