#include "viz/seen.h"

void seen_of(const struct attention *a, seen_vec *to)
{
    size_t n = a->weight.len, item = a->item.len;
    vec_clear(to);
    for (size_t j = n; j-- > 0;) {
        double weight = column_f32(a->weight)[j];
        struct seen s = {.recency = n - j,
                         .weight = weight,
                         .relative = weight * (double)n,
                         .delta = a->delta.at ? column_i32(a->delta)[j] : -1,
                         .week = a->week.at ? column_i32(a->week)[j] : -1,
                         .length = a->length.at ? column_i32(a->length)[j] : -1,
                         .start = a->start.at ? column_i64(a->start)[j] : -1};
        if (s.length >= 0)
            s.items = column_i32(a->item) + (item -= (size_t)s.length);
        vec_push(to, s);
    }
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
    mem_free(a->target.at);
    mem_free(a->top.at);
    *a = (struct attention){0};
}
