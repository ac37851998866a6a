/* Records held in a temporary file until the header is known. */
#include "data/spool.h"

#include "../tap.h"
#include "made.h"

static void small_meta(struct meta *m)
{
    stream_meta(m, STREAM_SESSIONS);
}

/* What the records of a whole stream say, one line each. */
static void append_records(struct sessions_in *in, struct buf *to)
{
    struct sessions_record r;
    struct err e = {0};
    while (sessions_in_next(in, &r, &e) == READ_RECORD) {
        if (r.kind == RECORD_SESSION)
            buf_format(to, "session %d of %zu from %lld with %zu\n", r.session.user,
                       r.session.count, (long long)r.session.times[0], r.session.extra_count);
        else
            buf_format(to, "%d %d %.*s\n", r.kind, r.named.id, (int)r.named.name.len,
                       r.named.name.at);
    }
    must(e.status, &e);
}

/* The small stream of sessions straight and through a spool: the same records behind a header of
 * another kind of metadata. */
static void poured(void)
{
    struct made straight, late;
    struct meta m;
    struct err e;
    struct spool spool = SPOOL_CLOSED;
    struct buf expected = {0}, got = {0};
    struct sessions_in *in;
    made_open(&straight);
    sessions_records(&straight.out, &e);
    in = made_again(&straight);
    append_records(in, &expected);
    sessions_in_close(in);

    small_meta(&m);
    must(spool_open(&spool, NULL, &m, &e), &e);
    sessions_records(&spool.out, &e);
    made_open(&late);
    tap_ok(!spool_pour(&spool, &late.out, &e), "a spool is poured out");
    spool_close(&spool);
    in = made_again(&late);
    append_records(in, &got);
    sessions_in_close(in);
    tap_ok(got.len > 100 && bytes_equal((struct bytes){got.at, got.len},
                                        (struct bytes){expected.at, expected.len}),
           "with every record as it was, in order");
    meta_release(&m);
    buf_release(&expected);
    buf_release(&got);
}

static void empty(void)
{
    struct made late;
    struct meta m;
    struct err e = {0};
    struct spool spool = SPOOL_CLOSED;
    struct sessions_record r;
    small_meta(&m);
    must(spool_open(&spool, "here", &m, &e), &e);
    tap_ok(!strcmp(spool.scratch.folder, "."), "its file is in the folder of the output");
    made_open(&late);
    tap_ok(!spool_pour(&spool, &late.out, &e), "a spool of no records is poured out");
    spool_close(&spool);
    struct sessions_in *in = made_again(&late);
    tap_ok(sessions_in_next(in, &r, &e) == READ_END, "and nothing comes");
    sessions_in_close(in);
    meta_release(&m);
}

static void refused(void)
{
    struct meta m;
    struct err e = {0};
    struct spool spool = SPOOL_CLOSED;
    small_meta(&m);
    tap_ok(spool_open(&spool, "no/such/folder/out", &m, &e) == STATUS_CANTCREATE &&
               strstr(e.text, "no/such/folder"),
           "a folder that is not there is named: %s", e.text);
    spool_close(&spool);
    meta_release(&m);
}

int main(void)
{
    poured();
    empty();
    refused();
    return tap_done();
}
