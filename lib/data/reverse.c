#include "data/reverse.h"

#include <string.h>

/* Appends the elements of a column of events from its end. */
static void append_column(struct buf *to, const struct extra *e)
{
    size_t size = column_size(e->type);
    const char *at = e->column.at;
    for (size_t i = e->column.len; i-- > 0;)
        buf_append(to, at + size * i, size);
}

/* Columns point into `columns` once that has grown to its end; single integers stay. */
static void reverse_extras(struct reversed *r, const struct session *s)
{
    size_t at = 0;
    vec_clear(&r->extra);
    buf_clear(&r->columns);
    for (size_t i = 0; i < s->extra_count; i++)
        if (s->extras[i].column.at)
            append_column(&r->columns, &s->extras[i]);
    for (size_t i = 0; i < s->extra_count; i++) {
        struct extra e = s->extras[i];
        if (e.column.at)
            e.column.at = r->columns.at + at;
        at += e.column.at ? column_size(e.type) * e.column.len : 0;
        vec_push(&r->extra, e);
    }
}

struct session session_reverse(struct reversed *r, const struct session *s)
{
    struct session to = *s;
    size_t n = s->count;
    vec_clear(&r->item);
    vec_clear(&r->time);
    for (size_t i = n; i-- > 0;) {
        vec_push(&r->item, s->items[i]);
        vec_push(&r->time, s->times[0] + (s->times[n - 1] - s->times[i]));
    }
    reverse_extras(r, s);
    to.items = r->item.at;
    to.times = r->time.at;
    to.extras = r->extra.at;
    return to;
}

void reversed_release(struct reversed *r)
{
    vec_release(&r->item);
    vec_release(&r->time);
    vec_release(&r->extra);
    buf_release(&r->columns);
}
