/* The typed records of the three kinds, and what every kind shares: users, items, dictionaries.
 * A map of typed arrays (base/records.h) is described by one table that packs it, reads it and
 * checks that the lengths agree. */
#ifndef STREAM_RECORD_H
#define STREAM_RECORD_H

#include "base/names.h"
#include "base/records.h"
#include "stream/frame.h"
#include "stream/pack.h"

/* ---- what all kinds share ---- */

/* Attributes are kept packed: a map of strings. */
struct attributes {
    struct bytes packed; /* {NULL, 0}: none */
};

/* The text under a key; {NULL, 0} where there is none. */
struct bytes attributes_find(struct attributes a, const char *key);

enum { NAME_LIMIT = 64 << 10 }; /* bytes of a name */

/* A user or item with its id. */
struct named {
    int32_t id;
    struct bytes name;
    struct attributes attributes;
};

int write_user(struct frame_out *out, int32_t id, struct bytes name, struct attributes a,
               struct err *e);
int write_item(struct frame_out *out, int32_t id, struct bytes name, struct attributes a,
               struct err *e);

/* ---- sessions ---- */

enum record_kind {
    RECORD_USER,
    RECORD_ITEM,
    RECORD_SESSION,
    RECORD_EPOCH,
    RECORD_BATCH,
    RECORD_PARALLEL,
    RECORD_AGAIN,
    RECORD_RANK,
    RECORD_TOP,
    RECORD_ATTENTION,
    RECORD_INTENT,
    RECORD_PASS
};

/* One record of a `sessions` stream of any number of parts. Ids are those of the whole input: names
 * that are equal in several parts have one id. */
struct sessions_record {
    enum record_kind kind; /* USER, ITEM or SESSION */
    struct named named;    /* USER and ITEM: only those that are new to the whole input */
    struct session session;
};

struct sessions_in; /* opaque */

int sessions_in_open(struct sessions_in **in, const char *const *paths, int count, struct err *e);
enum read_result sessions_in_next(struct sessions_in *in, struct sessions_record *r,
                                  struct err *e); /* RECORD, END or ERROR */

/* The first part's header, read at open, with the counts of what was read and dropped of all parts
 * that have begun; the other parts must have the same delta_edges and week_shift. */
const struct meta *sessions_in_meta(const struct sessions_in *in);
bool sessions_in_flushed(const struct sessions_in *in);                /* frame_in_flushed */
void sessions_in_meter(struct sessions_in *in, struct input_meter *m); /* frame_in_meter */
uint64_t
sessions_in_skipped(const struct sessions_in *in); /* records with unknown lower-case tags */
/* Before the first record: a user may be in several parts, not in one alone (65), and has the
 * attributes of the first; in each part the user's sessions are in order of time. */
void sessions_in_join_users(struct sessions_in *in);
uint64_t sessions_in_part(const struct sessions_in *in); /* that of the last record, from 1 */
const struct names *sessions_in_users(const struct sessions_in *in);
const struct names *sessions_in_items(const struct sessions_in *in);

/* frame_in_at, for errors that the program finds in the current record. */
int sessions_in_at(const struct sessions_in *in, struct err *e);
void sessions_in_close(struct sessions_in *in);

int write_session(struct frame_out *out, const struct session *s, struct err *e);

/* ---- batches ---- */

/* One record of a `batches` stream: its sessions, then for each pass which of them come together.
 * Sessions are numbered from 0 in the order of the stream, in which a user's sessions follow each
 * other. */
struct batches_record {
    enum record_kind kind;  /* USER, ITEM, SESSION, EPOCH, BATCH, PARALLEL or AGAIN */
    struct named named;     /* USER, ITEM */
    struct session session; /* SESSION */
    struct epoch epoch;     /* EPOCH */
    struct column slot,
        number;    /* int32 [n] BATCH: the sessions; PARALLEL: slots, their next ones */
    int learn;     /* BATCH; 0: forward only, for what the model remembers */
    int64_t again; /* AGAIN: the earlier epoch whose pass of this part comes again */
};

struct batches_in;
int batches_in_open(struct batches_in **in, const char *const *paths, int count, struct err *e);
enum read_result batches_in_next(struct batches_in *in, struct batches_record *r, struct err *e);
const struct meta *batches_in_meta(const struct batches_in *in);
const struct names *batches_in_users(const struct batches_in *in);
const struct names *batches_in_items(const struct batches_in *in);
uint64_t batches_in_skipped(const struct batches_in *in);
void batches_in_digest_begin(struct batches_in *in); /* as frame_in_digest_begin */
uint64_t batches_in_digest(const struct batches_in *in);
bool batches_in_would_wait(struct batches_in *in); /* frame_in_would_wait */

/* frame_in_at, for errors that the program finds in the current record. */
int batches_in_at(const struct batches_in *in, struct err *e);
void batches_in_close(struct batches_in *in);

int write_epoch(struct frame_out *out, struct epoch epoch, struct err *e);
int write_batch(struct frame_out *out, const int32_t *session, size_t count, int learn,
                struct err *e);
int write_parallel(struct frame_out *out, const int32_t *slot, const int32_t *session, size_t count,
                   struct err *e);
int write_again(struct frame_out *out, int64_t epoch, struct err *e);

/* ---- predictions ---- */

struct predictions_record {
    enum record_kind kind; /* USER, ITEM, EPOCH, RANK, TOP, ATTENTION, INTENT or PASS */
    struct named named;
    struct epoch epoch;
    struct ranks ranks;
    struct tops tops;
    struct attention attention;
    struct intents intents;
    struct pass pass;
};

struct predictions_in;
int predictions_in_open(struct predictions_in **in, const char *const *paths, int count,
                        struct err *e);

/* The first run's header is read at open.  HEADER: another run begins (ids are each part's own) and
 * predictions_in_meta holds its header; else RECORD, END or ERROR. */
enum read_result predictions_in_next(struct predictions_in *in, struct predictions_record *r,
                                     struct err *e);
const struct meta *predictions_in_meta(const struct predictions_in *in);
const struct names *predictions_in_users(const struct predictions_in *in); /* of the current run */
const struct names *predictions_in_items(const struct predictions_in *in);
const char *predictions_in_name(const struct predictions_in *in); /* of the input that is read */
void predictions_in_meter(struct predictions_in *in, struct input_meter *m); /* frame_in_meter */
uint64_t predictions_in_skipped(const struct predictions_in *in);
void predictions_in_close(struct predictions_in *in);

/* Reads all runs: calls `begin` at each header, `record` for each record and `end` at each run's
 * end, with `to` first. An error that they return ends the reading; an error of the data (65) in
 * `begin` and `record` gets its place in the input. */
struct predictions_visitor {
    int (*begin)(void *to, const struct meta *meta, struct err *e);
    int (*record)(void *to, const struct predictions_record *r, struct err *e);
    int (*end)(void *to, struct err *e);
};
int predictions_in_each(struct predictions_in *in, const struct predictions_visitor *visit,
                        void *to, struct err *e);

int write_ranks(struct frame_out *out, const struct ranks *r, struct err *e);
int write_tops(struct frame_out *out, const struct tops *t, struct err *e);
int write_attention(struct frame_out *out, const struct attention *a, struct err *e);
int write_intents(struct frame_out *out, const struct intents *n, struct err *e);
int write_pass(struct frame_out *out, const struct pass *p, struct err *e);

#endif
