#include "stream/row_filter.h"

#include "stream/readers.h"

typedef VEC(unsigned char) mark_vec;

static struct column *column_of(void *record, size_t offset)
{
    return (struct column *)((char *)record + offset);
}

static const struct field *field_at(const struct field *fields, size_t offset)
{
    while (fields->offset != offset)
        fields++;
    return fields;
}

/* The marks of an array's elements by the marks of the rows: an element of a ragged array has the
 * mark of the element that counts it. */
static mark_vec marks_of(const struct field *fields, void *record, const struct field *f,
                         const unsigned char *keep)
{
    mark_vec marks = {0};
    if (f->length == LENGTH_SUM) {
        struct column by = *column_of(record, f->by);
        mark_vec above = marks_of(fields, record, field_at(fields, f->by), keep);
        for (size_t i = 0; i < by.len; i++)
            for (int32_t n = column_i32(by)[i]; n > 0; n--)
                vec_push(&marks, above.at[i]);
        vec_release(&above);
        return marks;
    }
    int64_t times = 1;
    if (f->length == LENGTH_TIMES)
        memcpy(&times, (char *)record + f->by, sizeof times);
    for (size_t i = 0; i < column_of(record, fields->offset)->len; i++)
        for (int64_t n = times; n > 0; n--)
            vec_push(&marks, keep[i]);
    return marks;
}

static void compact(struct column *column, size_t size, const unsigned char *marks)
{
    size_t kept = 0;
    char *at = column->at;
    for (size_t i = 0; i < column->len; i++)
        if (marks[i])
            memmove(at + size * kept++, at + size * i, size);
    column->len = kept;
}

/* From the last array to the first, since an array's lengths come before it in the table. */
static void keep_rows(const struct field *fields, void *record, const unsigned char *keep)
{
    const struct field *f = fields;
    while (f->key)
        f++;
    while (f-- > fields) {
        if (f->type > FIELD_U8 || !column_of(record, f->offset)->at)
            continue;
        mark_vec marks = marks_of(fields, record, f, keep);
        compact(column_of(record, f->offset), column_size((enum column_type)f->type), marks.at);
        vec_release(&marks);
    }
}

void batch_keep(struct batch *b, const unsigned char *keep)
{
    keep_rows(batch_fields, b, keep);
}

void ranks_keep(struct ranks *r, const unsigned char *keep)
{
    keep_rows(rank_fields, r, keep);
}

void tops_keep(struct tops *t, const unsigned char *keep)
{
    keep_rows(top_fields, t, keep);
}
