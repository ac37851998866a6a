/* What the readers of the three kinds share: the frame, the two dictionaries, the tags. */
#ifndef STREAM_READER_H
#define STREAM_READER_H

#include "stream/fields.h"
#include "stream/record.h"

/* A kind's tags and their records; NULL ends the list. */
struct tag {
    const char *name;
    enum record_kind kind;
    uint32_t least, most; /* elements of the record's array, the tag included */
};

struct reader {
    struct frame_in *frame;
    const struct tag *tags;
    struct meta meta; /* the first header's */
    struct names users, items;
    struct buf arena; /* the record's arrays */
    uint64_t skipped;
    int64_t high[HIGH_COUNT];
};

/* A record with a known tag. */
struct tagged {
    enum record_kind kind;
    uint32_t left;   /* elements after the tag */
    struct cursor c; /* at them */
};

/* Opens the inputs and reads the first header; `kind` -1: any. */
int reader_open(struct reader *r, const char *const *paths, int count, int kind, bool parts,
                struct err *e);

/* Sets the ranges of values by the current header. */
int reader_ranges(struct reader *r, struct err *e);

/* The next record with a tag of the kind. */
enum read_result reader_next(struct reader *r, struct tagged *t, struct err *e);

/* [id, name, attributes?], whose id must be `next`. */
int reader_named(struct tagged *t, int64_t next, struct named *named, struct err *e);

/* The same, added to a dictionary in which each name is unique. */
int reader_define(struct reader *r, struct tagged *t, struct named *named, struct err *e);

/* [number, part] */
int reader_epoch(struct tagged *t, struct epoch *epoch, struct err *e);

/* [map], by its table. */
int reader_fields(struct reader *r, struct tagged *t, const struct field *fields, void *record,
                  struct err *e);

/* A name for a message, whole or its beginning, without control characters. */
enum { SHOWN_NAME = 64 };
const char *reader_shown(struct bytes name, char to[SHOWN_NAME]);

void reader_release(struct reader *r);

#endif
