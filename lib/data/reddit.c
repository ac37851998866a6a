#include "base/text_fields.h"
#include "data/raw.h"

enum { COLUMN_LIMIT = 64 };
static const struct bytes comma = {",", 1};

static int split(struct reddit *r, struct bytes line, struct bytes *fields, size_t *count,
                 struct err *e)
{
    enum fields_end end = fields_split_csv(line, comma, &r->unquoted, fields, COLUMN_LIMIT, count);
    return raw_quotes(end, *count, e);
}

static int find_column(const struct bytes *fields, size_t count, const char *name, size_t *at,
                       struct err *e)
{
    for (*at = 0; *at < count; ++*at)
        if (bytes_equal(fields[*at], bytes_of(name)))
            return 0;
    return err_set(e, STATUS_DATA,
                   "no column \"%s\": a header that names username,subreddit,utc is expected",
                   name);
}

static int reddit_header(void *state, struct bytes line, struct err *e)
{
    struct reddit *r = state;
    struct bytes fields[COLUMN_LIMIT];
    if (split(r, line, fields, &r->columns, e) || r->columns > COLUMN_LIMIT)
        return err_set(e, STATUS_DATA, "a header that names username,subreddit,utc is expected");
    if (find_column(fields, r->columns, "username", &r->user, e) ||
        find_column(fields, r->columns, "subreddit", &r->item, e) ||
        find_column(fields, r->columns, "utc", &r->time, e))
        return e->status;
    return 0;
}

static int reddit_row(void *state, struct bytes line, struct raw_row *row, struct err *e)
{
    struct reddit *r = state;
    struct bytes fields[COLUMN_LIMIT];
    size_t count;
    int status = split(r, line, fields, &count, e);
    if (status)
        return status;
    if (count != r->columns)
        return err_set(e, STATUS_DATA, "%zu columns where the header has %zu", count, r->columns);
    row->user = fields[r->user];
    row->item = fields[r->item];
    if (raw_name("username", row->user, e) || raw_name("subreddit", row->item, e))
        return e->status;
    struct raw_clock clock = {.unit = RAW_SECONDS};
    return raw_time(&clock, "utc", fields[r->time], row, e);
}

struct raw_format reddit_format(struct reddit *r)
{
    return (struct raw_format){
        .state = r,
        .name = "a CSV log",
        .delimiter = &comma,
        .header = reddit_header,
        .row = reddit_row,
    };
}

void reddit_release(struct reddit *r)
{
    buf_release(&r->unquoted);
}
