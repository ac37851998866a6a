/* A column that is carried into the stream beside times and items: each of its values has a code,
 * and the header says what the codes mean. */
#ifndef DATA_EXTRA_COLUMNS_H
#define DATA_EXTRA_COLUMNS_H

#include "base/err.h"
#include "base/names.h"
#include "stream/meta.h"

/* {0} is empty. */
struct extra_columns {
    const char *key; /* in the stream */
    struct names values;
    i32_vec rank, sorted; /* the place of each value in byte order, the value at each place */
};

/* The number of a value, in order of first use.  65: so many that no header could name them. */
int extra_columns_number(struct extra_columns *c, struct bytes value, int32_t *number,
                         struct err *e);

/* From now on codes are the places of the values in byte order, whatever the order of use. */
void extra_columns_sort(struct extra_columns *c);

static inline int32_t carried_code(const struct extra_columns *c, int32_t number)
{
    return c->rank.len ? c->rank.at[number] : number;
}

/* Puts the values of all columns, in order of their codes, into the header under "codes". */
void extra_columns_describe(const struct extra_columns *columns, size_t count, struct meta *m);

void extra_columns_release(struct extra_columns *c);

#endif
