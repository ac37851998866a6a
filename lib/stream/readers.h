/* What the readers of the three kinds give to the reader of any kind. */
#ifndef STREAM_READERS_H
#define STREAM_READERS_H

#include "stream/reader.h"

/* Makes the kind's reader of one that has read the header, and takes it over. */
struct sessions_in *sessions_in_of(struct reader *r);
struct batches_in *batches_in_of(struct reader *r);
struct predictions_in *predictions_in_of(struct reader *r);

struct frame_counts sessions_in_counts(const struct sessions_in *in);
struct frame_counts batches_in_counts(const struct batches_in *in);
struct frame_counts predictions_in_counts(const struct predictions_in *in);

/* The maps of the records that have no other elements. */
extern const struct field rank_fields[], top_fields[], attention_fields[], intent_fields[];

/* Packs [tag, map] by the map's table. */
int write_fields(struct frame_out *out, const char *tag, const struct field *fields,
                 const void *record, struct err *e);

#endif
