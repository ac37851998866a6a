#include "train/batch_cursor.h"

int32_t batch_cursor_rows(struct batch_cursor p, const struct forward *f)
{
    return f->back.length ? f->back.length[p.i] : 0;
}

size_t batch_cursor_weights(struct batch_cursor p, const struct batch *b, const struct forward *f,
                            int level)
{
    int32_t rows = batch_cursor_rows(p, f), length = column_i32(b->length)[p.i];
    size_t events = 0;
    if (!f->weight[level] || level == LEVEL_ITEM)
        return 0;
    if (level == LEVEL_INTRA)
        return length ? (size_t)rows * (size_t)(length - 1) : 0;
    if (level != LEVEL_SESSION)
        return (size_t)rows;
    for (int32_t j = 0; j < rows; j++)
        events += (size_t)column_i32(b->history_length)[f->back.row[p.back + (size_t)j]];
    return events;
}

struct batch_cursor batch_cursor_after(struct batch_cursor p, const struct batch *b,
                                       const struct forward *f)
{
    int32_t length = column_i32(b->length)[p.i];
    for (int l = 0; l < LEVELS; l++)
        p.weight[l] += batch_cursor_weights(p, b, f, l);
    p.event += (size_t)length;
    p.target += (size_t)(length ? length - 1 : 0);
    p.back += (size_t)batch_cursor_rows(p, f);
    p.i++;
    return p;
}
