/* The choice of the largest of some values. */
#ifndef INDEX_LARGEST_H
#define INDEX_LARGEST_H

#include <stdbool.h>
#include <stddef.h>

/* What is chosen: all values above `least`, and of those equal to it the first `equal`. */
struct cut {
    float least;
    size_t equal;
};

/* The cut that chooses the `count` largest (1 or more) of n values >= 0, but no zeros: all that are
 * above 0 if there are fewer.  *about is where the least of them is expected, as after a choice
 * among values like these, any value if it is not known; then where it is.  The result does not
 * depend on it, the time does. */
struct cut largest_cut(const float *x, size_t n, size_t count, float *about);

/* Whether the next value, asked in their order, is chosen. */
static inline bool cut_takes(struct cut *c, float x)
{
    return x > c->least || (x == c->least && c->equal && c->equal--);
}

/* Sets chosen[i] to 1 where that cut chooses x[i]. */
void largest_choose(const float *x, size_t n, size_t count, float *about, unsigned char *chosen);

/* The largest of values >= 0; of none, 0. */
float largest_value(const float *x, size_t n);

#endif
