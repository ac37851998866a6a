#include "baseline/counts.h"

/* The place of the item in the row, or of the first one after it. */
static size_t find(const count_row *row, int32_t item)
{
    size_t low = 0, high = row->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (row->at[middle].item < item)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void counts_add(struct counts *c, int32_t context, int32_t item, int64_t n)
{
    while (c->rows.len <= (size_t)context)
        vec_push(&c->rows, (count_row){0});
    count_row *row = &c->rows.at[context];
    size_t at = find(row, item);
    if (at == row->len || row->at[at].item != item) {
        vec_push(row, (struct item_count){0});
        memmove(row->at + at + 1, row->at + at, (row->len - 1 - at) * sizeof *row->at);
        row->at[at] = (struct item_count){item, 0};
    }
    row->at[at].count += n;
}

count_row counts_row(const struct counts *c, int32_t context)
{
    return context >= 0 && (size_t)context < c->rows.len ? c->rows.at[context] : (count_row){0};
}

void counts_release(struct counts *c)
{
    for (size_t i = 0; i < c->rows.len; i++)
        vec_release(&c->rows.at[i]);
    vec_release(&c->rows);
}
