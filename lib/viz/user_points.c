#include "viz/user_points.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "viz/format.h"
#include "viz/scale.h"
#include "viz/svg.h"
#include "viz/text.h"

/* Users of about the same place are one dot: the picture has ACROSS by UP places. */
enum { LEFT = 44, RIGHT = SVG_WIDTH - 16, TOP = 8, BOTTOM = 268, AXIS = BOTTOM + 36 };
enum { PLACE = 4, ACROSS = (RIGHT - LEFT) / PLACE + 1, UP = (BOTTOM - TOP) / PLACE + 1 };

int user_points_read(struct user_points *p, struct sessions_in *in, struct err *e)
{
    struct sessions_record r;
    enum read_result got;
    sessions_in_join_users(in);
    while ((got = sessions_in_next(in, &r, e)) == READ_RECORD) {
        if (r.kind != RECORD_SESSION)
            continue;
        while (p->at.len <= (size_t)r.session.user)
            vec_push(&p->at, ((struct user_point){0}));
        p->at.at[r.session.user].sessions++;
        p->at.at[r.session.user].events += (int64_t)r.session.count;
    }
    return got == READ_ERROR ? e->status : 0;
}

void user_points_release(struct user_points *p)
{
    vec_release(&p->at);
}

/* Events of a session, on average. */
static double length_of(const struct user_point *u)
{
    return (double)u->events / (double)u->sessions;
}

void user_points_tsv(const struct user_points *p, const struct names *users, struct buf *to)
{
    buf_text(to, "user\tsessions\tsession length\n");
    for (size_t i = 0; i < p->at.len; i++) {
        if (!p->at.at[i].sessions)
            continue;
        text_clean(to, names_at(users, (int32_t)i), 0);
        buf_format(to, "\t%" PRId64 "\t%.4f\n", p->at.at[i].sessions, length_of(&p->at.at[i]));
    }
}

/* ---- the picture ---- */

struct cloud {
    const struct user_points *points;
    int64_t users;
    double sessions, length; /* means over users */
    struct scale x, y;       /* of the logarithms of sessions and of their length */
    int64_t *count;          /* [UP, ACROSS] users in each place */
};

static void measure(struct cloud *c)
{
    double most = 1, longest = 1;
    for (size_t i = 0; i < c->points->at.len; i++) {
        const struct user_point *u = &c->points->at.at[i];
        if (!u->sessions)
            continue;
        c->users++;
        c->sessions += (double)u->sessions;
        c->length += length_of(u);
        most = fmax(most, (double)u->sessions);
        longest = fmax(longest, length_of(u));
    }
    c->sessions /= (double)c->users;
    c->length /= (double)c->users;
    c->x = (struct scale){0, log10(most), LEFT, RIGHT};
    c->y = (struct scale){0, log10(longest), BOTTOM, TOP};
}

static void place_users(struct cloud *c)
{
    for (size_t i = 0; i < c->points->at.len; i++) {
        const struct user_point *u = &c->points->at.at[i];
        if (!u->sessions)
            continue;
        double x = scale_at(&c->x, log10((double)u->sessions)),
               y = scale_at(&c->y, log10(fmax(length_of(u), 1)));
        int across = (int)lround((x - LEFT) / PLACE), up = (int)lround((BOTTOM - y) / PLACE);
        c->count[up * ACROSS + across]++;
    }
}

/* Marks at 1, 2, 5, 10, 20, ...; `across`: of the horizontal axis. */
static void draw_marks(const struct scale *s, bool across, struct buf *to)
{
    static const double times[] = {1, 2, 5};
    for (int i = 0; i < 60; i++) {
        double value = times[i % 3] * pow(10, (double)i / 3 - (double)(i % 3) / 3);
        double at = scale_at(s, log10(value));
        if (log10(value) > s->high + 1e-9)
            return;
        if (across) {
            svg_line(to, "grid", at, TOP, at, BOTTOM);
            svg_text(to, "s q m", at, BOTTOM + 16, "%.0f", value);
        } else {
            svg_line(to, "grid", LEFT, at, RIGHT, at);
            svg_text(to, "s q e", LEFT - 6, at + 4, "%.0f", value);
        }
    }
}

static void draw_users(const struct cloud *c, struct buf *to)
{
    char hint[80];
    for (int i = 0; i < UP * ACROSS; i++) {
        if (!c->count[i])
            continue;
        double r = fmin(1.4 + 0.6 * log2((double)c->count[i]), PLACE);
        snprintf(hint, sizeof hint, "%" PRId64 " user%s", c->count[i], c->count[i] > 1 ? "s" : "");
        svg_dot(to, "dot", LEFT + PLACE * (i % ACROSS), BOTTOM - PLACE * (i / ACROSS), r, hint);
    }
}

/* How many users are above each of the two means, and how many not. */
static void draw_groups(const struct cloud *c, double y, struct buf *to)
{
    int64_t n[2][2] = {{0, 0}, {0, 0}};
    char text[200];
    for (size_t i = 0; i < c->points->at.len; i++) {
        const struct user_point *u = &c->points->at.at[i];
        if (u->sessions)
            n[length_of(u) > c->length][(double)u->sessions > c->sessions]++;
    }
    snprintf(text, sizeof text,
             "users above the mean of both: %" PRId64 ", of length: %" PRId64
             ", of sessions: %" PRId64 ", of neither: %" PRId64,
             n[1][1], n[1][0], n[0][1], n[0][0]);
    svg_note(to, LEFT, y, RIGHT - LEFT, text);
}

void user_points_svg(const struct user_points *p, struct buf *to)
{
    enum { ROOM = 2 /* lines of the note */, LINE = 16 };
    struct cloud c = {.points = p};
    struct buf svg = {0};
    char says[160];
    measure(&c);
    snprintf(says, sizeof says,
             "%" PRId64 " users; dashed: the means over users, %.1f sessions of %.2f events",
             c.users, c.users ? c.sessions : 0, c.users ? c.length : 0);
    svg_begin(&svg, SVG_WIDTH, AXIS + LINE * (ROOM + 1),
              (struct svg_head){.label = "Users by their sessions and the length of these",
                                .title = "Users by sessions and session length",
                                .says = says});
    if (c.users) {
        c.count = mem_zero((size_t)UP * ACROSS, sizeof *c.count);
        place_users(&c);
        draw_marks(&c.x, true, &svg);
        draw_marks(&c.y, false, &svg);
        draw_users(&c, &svg);
        double x = scale_at(&c.x, log10(c.sessions)), y = scale_at(&c.y, log10(c.length));
        svg_line(&svg, "even", x, TOP, x, BOTTOM);
        svg_line(&svg, "even", LEFT, y, RIGHT, y);
        svg_text(&svg, "q m", (LEFT + RIGHT) / 2.0, AXIS, "sessions; up: events of a session");
        draw_groups(&c, AXIS + LINE + 4, &svg);
        mem_free(c.count);
    }
    svg_end(&svg);
    svg_file(to, (struct bytes){svg.at, svg.len});
    buf_release(&svg);
}
