/* A stream of any kind, read by the rules of the kind that its header names. */
#ifndef STREAM_ANY_H
#define STREAM_ANY_H

#include "stream/record.h"

/* One of the three is not NULL. */
struct any_in {
    enum stream_kind kind;
    struct sessions_in *sessions;
    struct batches_in *batches;
    struct predictions_in *predictions;
};

union any_record {
    struct sessions_record sessions;
    struct batches_record batches;
    struct predictions_record predictions;
};

int any_in_open(struct any_in *in, const char *const *paths, int count, struct err *e);

/* HEADER: another run of predictions begins; else RECORD, END or ERROR. */
enum read_result any_in_next(struct any_in *in, union any_record *r, struct err *e);

const struct meta *any_in_meta(const struct any_in *in);
struct frame_counts any_in_counts(const struct any_in *in);
uint64_t any_in_skipped(const struct any_in *in);
void any_in_close(struct any_in *in); /* {0} is fine */

#endif
