/* Numbers from 0 for the few of many things that a session has to do with, in the order in which
 * they come up: what is known of them is close together in memory, in arrays by number. */
#ifndef INDEX_NUMBERS_H
#define INDEX_NUMBERS_H

#include "base/buf.h"

struct numbers {
    int32_t *number; /* [all things]; -1: none */
    i32_vec of;      /* [numbers] the thing that has it */
};

void numbers_open(struct numbers *n, size_t things);
void numbers_release(struct numbers *n);

/* Nothing has a number any more. */
void numbers_forget(struct numbers *n);

/* The thing's number; a new one, for which vec_reserve(&n->of) has made room, if it has none.
 * Without a branch: whether it has one cannot be foretold. */
static inline int32_t number_of(struct numbers *n, int32_t thing)
{
    int32_t known = n->number[thing], fresh = known < 0;
    int32_t number = fresh ? (int32_t)n->of.len : known;
    n->number[thing] = number;
    n->of.at[number] = thing;
    n->of.len += (size_t)fresh;
    return number;
}

/* Lengthens an array by number, whose new elements are -1. */
void numbers_cover(i32_vec *slot, size_t numbers);

#endif
