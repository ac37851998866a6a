/* Where the users of a sessions stream are: how many sessions each has, and how many events these
 * have on average. */
#ifndef VIZ_USER_POINTS_H
#define VIZ_USER_POINTS_H

#include "base/buf.h"
#include "stream/record.h"

struct user_point {
    int64_t sessions, events;
};
struct user_points {
    VEC(struct user_point) at; /* by user */
};

/* Counts the sessions of `in` to its end. */
int user_points_read(struct user_points *p, struct sessions_in *in, struct err *e);
void user_points_release(struct user_points *p);

/* Append a line for each user with a session, below a line of column names; and a picture of all of
 * them as a file of SVG, with the means over users. */
void user_points_tsv(const struct user_points *p, const struct names *users, struct buf *to);
void user_points_svg(const struct user_points *p, struct buf *to);

#endif
