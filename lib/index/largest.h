/* The choice of the largest of some values. */
#ifndef INDEX_LARGEST_H
#define INDEX_LARGEST_H

#include "base/buf.h"

/* A value, and where its owner keeps what has it. */
struct valued {
    float value;
    int32_t at;
};

typedef VEC(struct valued) valued_vec;

/* Moves the `count` largest to the front, or all if there are fewer, in any order; how many. */
size_t largest_first(valued_vec *v, size_t count);

#endif
