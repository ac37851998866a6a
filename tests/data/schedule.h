/* Made-up logs in a session store, and their schedules, written as a stream and read again. */
#ifndef TESTS_DATA_SCHEDULE_H
#define TESTS_DATA_SCHEDULE_H

#include "base/random.h"
#include "data/scheme.h"

#include "made.h"

/* What a log is made of: no id comes before the ones below it. */
struct log_ids {
    int32_t users, items;
};

/* Adds a session of `length` events at `start`, each a second after the one before. */
static inline void log_add(struct session_store *c, struct log_ids *ids, struct random *random,
                           int32_t user, enum part part, int64_t start, size_t length)
{
    struct err e;
    int64_t times[64];
    int32_t items[64];
    for (size_t i = 0; i < length; i++) {
        times[i] = start + (int64_t)i;
        items[i] = (int32_t)random_below(random, (uint32_t)(ids->items < 50 ? ids->items + 1 : 50));
        ids->items += items[i] == ids->items;
    }
    ids->users = user + 1 > ids->users ? user + 1 : ids->users;
    must(session_store_add(
             c,
             &(struct session){
                 .user = user, .part = part, .count = length, .times = times, .items = items},
             &e),
         &e);
}

/* A log of up to `most` users, each with a session at least: few with very many, of some parts
 * none; sessions of one event too. */
static inline struct log_ids log_make(struct session_store *c, struct random *random, uint32_t most)
{
    struct log_ids ids = {0, 0};
    struct err e;
    int32_t users = 1 + (int32_t)random_below(random, most);
    for (int32_t u = 0; u < users; u++) {
        int64_t start = random_below(random, 1000);
        for (enum part part = PART_TRAIN; part <= PART_TEST; part++) {
            uint32_t count = random_below(random, random_below(random, 6) ? 4 : 40);
            for (uint32_t n = count + (part == PART_TEST && ids.users == u); n > 0; n--) {
                log_add(c, &ids, random, u, part, start, 1 + random_below(random, 6));
                start += random_below(random, 20);
            }
        }
    }
    must(session_store_end(c, &e), &e);
    return ids;
}

/* Writes the users, items and sessions of the log. */
static inline void log_write(const struct session_store *c, struct log_ids ids,
                             struct frame_out *out)
{
    struct err e;
    int64_t times[64];
    stream_names(out, ids.users, ids.items, &e);
    for (size_t s = 0; s < session_store_sessions(c); s++) {
        size_t length = session_store_length(c, s);
        for (size_t i = 0; i < length; i++)
            times[i] = session_store_start(c, s) + (int64_t)i;
        struct session session = {.user = session_store_user(c, s),
                                  .part = session_store_part(c, s),
                                  .count = length,
                                  .times = times,
                                  .items = session_store_items(c, s)};
        must(write_session(out, &session, &e), &e);
    }
}

/* Opens a stream of the scheme's batches that has the sessions of the log. */
static inline void schedule_open(struct made *m, const struct session_store *c, struct log_ids ids,
                                 const struct scheme *scheme, int64_t size)
{
    struct meta meta;
    stream_meta(&meta, STREAM_BATCHES);
    meta_set_bool(&meta, "keeps_order", scheme->keeps_order);
    if (scheme->parallel)
        meta_set_int(&meta, "slots", size);
    made_with(m, &meta);
    meta_release(&meta);
    log_write(c, ids, &m->out);
}

/* The records of a schedule, end to end. */
struct schedule_trace {
    i32_vec session, slot; /* slot -1: of a batch */
    VEC(size_t) end;       /* of each record, in `session` */
    i32_vec learn;         /* of each record */
    VEC(struct epoch) pass;
    VEC(size_t) begin; /* of each pass, in `end` */
    i32_vec again;     /* of each pass the epoch that comes again; 0: it is written out */
};

static inline void schedule_keep(struct schedule_trace *t, const struct batches_record *r)
{
    if (r->kind == RECORD_EPOCH) {
        vec_push(&t->pass, r->epoch);
        vec_push(&t->begin, t->end.len);
        vec_push(&t->again, 0);
    } else if (r->kind == RECORD_AGAIN) {
        t->again.at[t->again.len - 1] = (int32_t)r->again;
    } else if (r->kind == RECORD_BATCH || r->kind == RECORD_PARALLEL) {
        vec_append(&t->session, column_i32(r->number), r->number.len);
        for (size_t i = 0; i < r->number.len; i++)
            vec_push(&t->slot, r->kind == RECORD_PARALLEL ? column_i32(r->slot)[i] : -1);
        vec_push(&t->end, t->session.len);
        vec_push(&t->learn, r->kind == RECORD_PARALLEL || r->learn);
    }
}

/* Ends the stream and reads it by all its rules, which it has to keep; `bytes`, unless NULL, gets
 * the stream. */
static inline void schedule_read(struct made *m, struct schedule_trace *t, struct buf *bytes)
{
    struct err e = {0};
    struct buf own = {0};
    struct batches_in *in;
    struct batches_record r;
    struct buf *stream = bytes ? bytes : &own;
    made_end(m, stream);
    const char *path = stream_file(stream->at, stream->len);
    *t = (struct schedule_trace){0};
    must(batches_in_open(&in, &path, 1, &e), &e);
    while (batches_in_next(in, &r, &e) == READ_RECORD)
        schedule_keep(t, &r);
    must(e.status, &e);
    batches_in_close(in);
    buf_release(&own);
}

/* One pass of the scheme, which has to be readable; `o` has all but the output. */
static inline void schedule_pass(const struct scheme *scheme, struct schedule_out *o,
                                 struct log_ids ids, struct epoch epoch, struct schedule_trace *t)
{
    struct made m;
    struct err e;
    schedule_open(&m, o->store, ids, scheme, o->size);
    o->out = &m.out;
    must(write_epoch(&m.out, epoch, &e), &e);
    must(scheme->pass(o, epoch, &e), &e);
    schedule_read(&m, t, NULL);
}

static inline void schedule_trace_release(struct schedule_trace *t)
{
    vec_release(&t->slot);
    vec_release(&t->session);
    vec_release(&t->end);
    vec_release(&t->learn);
    vec_release(&t->pass);
    vec_release(&t->begin);
    vec_release(&t->again);
}

#endif
