/* Mean attention of groups of attended sessions, with an honest standard error.
 *
 * The weights of a session sum to 1 over the n sessions that it attended to, so a raw weight is
 * small where n is large.  Beside the raw weight w stands the relative one, w · n: 1 is what even
 * attention would give.  The weights of one session depend on each other; the standard error of a
 * group's mean therefore takes the sessions as the independent units (the ratio estimator of
 * cluster sampling; Cochran, Sampling Techniques, 2.11), not the weights. */
#ifndef VIZ_MEAN_H
#define VIZ_MEAN_H

#include "base/buf.h"

struct mean {
    uint64_t count;    /* weights */
    uint64_t sessions; /* that they come from */
    double weight;     /* sum of the raw weights */
    double relative;   /* sum of the relative weights */
    /* over sessions, with s the sum of relative weights and c their number in the session: */
    double ss, sc, cc; /* sums of s², s · c and c² */
    double s, c;       /* of the session in hand */
};

struct means {
    VEC(struct mean) at; /* by group */
    VEC(size_t) touched; /* groups of the session in hand */
};

void means_add(struct means *m, size_t group, double weight, double relative);
void means_end_session(struct means *m);
void means_clear(struct means *m);
void means_release(struct means *m);

/* NaN where there is nothing to say it from: no weight; for the error, fewer than two sessions. */
double mean_relative(const struct mean *m);
double mean_weight(const struct mean *m);
double mean_error(const struct mean *m); /* of mean_relative */

#endif
