#include "stream/row_filter.h"

#include "stream/readers.h"

static struct column *column_of(void *record, size_t offset)
{
    return (struct column *)((char *)record + offset);
}

/* The elements of an array that each row has. */
static size_t elements(void *record, const struct field *f)
{
    int64_t times = 1;
    if (f->length == LENGTH_TIMES)
        memcpy(&times, (char *)record + f->by, sizeof times);
    return (size_t)times;
}

static void keep_rows(const struct field *fields, void *record, const unsigned char *keep)
{
    size_t rows = column_of(record, fields->offset)->len;
    for (const struct field *f = fields; f->key; f++) {
        struct column *column = column_of(record, f->offset);
        if (f->type > FIELD_U8 || !column->at)
            continue;
        size_t kept = 0, each = elements(record, f);
        size_t size = each * column_size((enum column_type)f->type);
        char *at = column->at;
        for (size_t i = 0; i < rows; i++)
            if (keep[i])
                memmove(at + size * kept++, at + size * i, size);
        column->len = kept * each;
    }
}

void ranks_keep(struct ranks *r, const unsigned char *keep)
{
    keep_rows(rank_fields, r, keep);
}

void tops_keep(struct tops *t, const unsigned char *keep)
{
    keep_rows(top_fields, t, keep);
}

void intents_keep(struct intents *n, const unsigned char *keep)
{
    keep_rows(intent_fields, n, keep);
}
