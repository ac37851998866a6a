#include "viz/attended.h"

#include <math.h>

size_t attention_rows(const struct level_info *l, const struct attention *a)
{
    return !l->by_target ? 1 : a->target.at ? a->target.len : a->top.len;
}

size_t attention_width(const struct level_info *l, const struct attention *a)
{
    size_t rows = attention_rows(l, a);
    return rows ? a->weight.len / rows : 0;
}

/* -1: not given, or the session has not yet begun. */
static int64_t age_of(const struct attention *a, size_t j)
{
    int64_t age =
        a->start.at && a->began.at ? column_i64(a->began)[0] - column_i64(a->start)[j] : -1;
    return age < 0 ? -1 : age;
}

/* What the record says of the j-th attended session; of events, of their session. */
static struct attended session_at(const struct attention *a, size_t j)
{
    return (struct attended){.delta = a->delta.at ? column_i32(a->delta)[j] : -1,
                             .week = a->week.at ? column_i32(a->week)[j] : -1,
                             .age = age_of(a, j),
                             .length = -1};
}

static void add_row(const struct level_info *l, const struct attention *a, const float *weight,
                    size_t n, attended_vec *to)
{
    size_t item = a->item.len, heaviest = n - 1;
    double total = 0;
    for (size_t j = n; j-- > 0;) {
        total += fabsf(weight[j]);
        heaviest = weight[j] > weight[heaviest] ? j : heaviest;
    }
    for (size_t j = n; j-- > 0;) {
        struct attended s = session_at(a, l->events ? 0 : j);
        s.recency = n - j;
        s.of = n;
        s.heaviest = j == heaviest;
        s.weight = weight[j];
        s.relative = total > 0 ? weight[j] * (double)n / total : 1;
        if (l->events ? a->item.at != NULL : a->length.at != NULL) {
            s.length = l->events ? 1 : column_i32(a->length)[j];
            s.items = column_i32(a->item) + (item -= (size_t)s.length);
        }
        vec_push(to, s);
    }
}

void attended_of(const struct level_info *l, const struct attention *a, attended_vec *to)
{
    size_t n = attention_width(l, a);
    vec_clear(to);
    for (size_t row = 0; n && row < attention_rows(l, a); row++)
        add_row(l, a, column_f32(a->weight) + row * n, n, to);
}

static struct column copy(struct column c, size_t size)
{
    return c.at ? (struct column){mem_copy(c.at, c.len * size), c.len} : c;
}

void attention_copy(struct attention *to, const struct attention *from)
{
    *to = *from;
    to->model = to->level = (struct bytes){NULL, 0};
    to->weight = copy(from->weight, sizeof(float));
    to->length = copy(from->length, sizeof(int32_t));
    to->item = copy(from->item, sizeof(int32_t));
    to->delta = copy(from->delta, sizeof(int32_t));
    to->week = copy(from->week, sizeof(int32_t));
    to->start = copy(from->start, sizeof(int64_t));
    to->began = copy(from->began, sizeof(int64_t));
    to->target = copy(from->target, sizeof(int32_t));
    to->top = copy(from->top, sizeof(int32_t));
}

void attention_release(struct attention *a)
{
    mem_free(a->weight.at);
    mem_free(a->length.at);
    mem_free(a->item.at);
    mem_free(a->delta.at);
    mem_free(a->week.at);
    mem_free(a->start.at);
    mem_free(a->began.at);
    mem_free(a->target.at);
    mem_free(a->top.at);
    *a = (struct attention){0};
}
