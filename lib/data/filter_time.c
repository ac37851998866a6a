#include <stdio.h>

#include "base/num.h"
#include "base/time.h"
#include "data/filters.h"

/* ---- age buckets ---- */

enum { MOST_EDGES = 4096 }; /* the header has to hold them */

struct bucket_shape {
    const char *name;
    /* The k-th edge, from 1 on. */
    int64_t (*edge)(int64_t width, int64_t k);
};

static int64_t linear(int64_t width, int64_t k)
{
    return width * k;
}

static int64_t quadratic(int64_t width, int64_t k)
{
    return width * k * k;
}

static int64_t logarithmic(int64_t width, int64_t k)
{
    return k > 36 || width > TIME_LIMIT >> (k - 1) ? TIME_LIMIT : width << (k - 1);
}

static const struct bucket_shape shapes[] = {
    {"linear:", linear}, {"quadratic:", quadratic}, {"log:", logarithmic}};

/* Reads "SHAPE:WIDTHxCOUNT". */
static const struct bucket_shape *shape_parse(const char *text, int64_t *width, int64_t *count)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        size_t n = strlen(shapes[i].name);
        const char *cross = strchr(text, 'x');
        if (strncmp(text, shapes[i].name, n) || !cross)
            continue;
        if (num_i64(text + n, (size_t)(cross - text) - n, width) &&
            num_i64(cross + 1, strlen(cross + 1), count) && *width >= 1 && *width <= TIME_LIMIT &&
            *count >= 1 && *count <= MOST_EDGES)
            return &shapes[i];
    }
    return NULL;
}

int filter_parse_buckets(struct filter_setting *s, const char *text, struct err *e)
{
    int64_t width, count;
    const struct bucket_shape *shape = shape_parse(text, &width, &count);
    (void)s;
    if (!shape)
        return err_set(e, STATUS_USAGE,
                       "'%s' is not linear:, quadratic: or log:WIDTHxCOUNT, such as "
                       "linear:3600x168, with at most %d buckets",
                       text, MOST_EDGES);
    if (shape->edge(width, count) >= TIME_LIMIT)
        return err_set(e, STATUS_USAGE, "'%s' is too far: the last edge lies beyond all times",
                       text);
    return 0;
}

void filter_note_buckets(const struct filter_setting *s, struct meta *m)
{
    int64_t width, count, edges[MOST_EDGES];
    const struct bucket_shape *shape = shape_parse(s->text, &width, &count);
    for (int64_t k = 0; k < count; k++)
        edges[k] = shape->edge(width, k + 1);
    meta_set_i64s(m, "delta_edges", edges, (size_t)count);
}

/* ---- hour of the week ---- */

int filter_parse_shift(struct filter_setting *s, const char *text, struct err *e)
{
    if (!num_i64(text, strlen(text), &s->number) || s->number <= -604800 || s->number >= 604800)
        return err_set(e, STATUS_USAGE, "'%s' is not a number of seconds of less than a week",
                       text);
    return 0;
}

int filter_parse_timezone(struct filter_setting *s, const char *text, struct err *e)
{
    char day[32];
    int64_t seconds;
    if (!strcmp(text, "CET"))
        text = "+01:00";
    else if (!strcmp(text, "UTC"))
        text = "Z";
    snprintf(day, sizeof day, "1970-01-02T00:00:00%s", text);
    if (strlen(text) < 1 || strlen(text) > 6 || !strchr("+-Z", *text) ||
        !time_iso(day, strlen(day), &seconds))
        return err_set(e, STATUS_USAGE, "'%s' is not CET, UTC or an offset such as +01:00 or -0530",
                       text);
    s->number = 86400 - seconds;
    return 0;
}

void filter_note_shift(const struct filter_setting *s, struct meta *m)
{
    meta_set_int(m, "week_shift", s->number);
}
