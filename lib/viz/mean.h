/* Mean attention of groups of attended sessions, with its standard error.
 *
 * The weights of a session sum to 1 over the n sessions that it attends to, so a raw weight w is
 * small if n is large.  The relative weight w · n does not have this flaw: 1 is even attention.
 * The weights of one session depend on each other.  The standard error of a group's mean therefore
 * takes sessions, not weights, as independent (the ratio estimator of cluster sampling; Cochran,
 * Sampling Techniques, 2.11). */
#ifndef VIZ_MEAN_H
#define VIZ_MEAN_H

#include "base/buf.h"

struct mean {
    uint64_t count;    /* weights */
    uint64_t sessions; /* that the weights come from */
    double weight;     /* sum of the raw weights */
    double relative;   /* sum of the relative weights */
    /* over sessions, with s the sum of relative weights and c their number in the session: */
    double ss, sc, cc; /* sums of s², s · c and c² */
    double s, c;       /* of the current session */
};

struct means {
    VEC(struct mean) at; /* by group */
    VEC(size_t) touched; /* groups of the current session */
};

void means_add(struct means *m, size_t group, double weight, double relative);
void means_end_session(struct means *m);
void means_clear(struct means *m);
void means_release(struct means *m);

/* NaN without weights; the error also with fewer than two sessions. */
double mean_relative(const struct mean *m);
double mean_weight(const struct mean *m);
double mean_error(const struct mean *m); /* of mean_relative */

#endif
