/* Records held in a temporary file until the header is known. */
#include "data/spool.h"

#include "../tap.h"
#include "made.h"

/* The small stream of sessions straight and through a spool: the same bytes. */
static void poured(void)
{
    struct made straight, late;
    struct err e;
    struct spool spool = SPOOL_CLOSED;
    struct buf expected = {0}, got = {0};
    made_open(&straight);
    sessions_records(&straight.out, &e);
    made_end(&straight, &expected);
    must(spool_open(&spool, NULL, &e), &e);
    sessions_records(&spool.out, &e);
    made_open(&late);
    tap_ok(!spool_pour(&spool, &late.out, &e), "a spool is poured out");
    spool_close(&spool);
    made_end(&late, &got);
    tap_ok(got.len > 100 && bytes_equal((struct bytes){got.at, got.len},
                                        (struct bytes){expected.at, expected.len}),
           "the stream is as if it had been written straight");
    buf_release(&expected);
    buf_release(&got);
}

static void empty(void)
{
    struct made late;
    struct err e = {0};
    struct spool spool = SPOOL_CLOSED;
    struct sessions_record r;
    must(spool_open(&spool, "here", &e), &e);
    tap_ok(!strcmp(spool.scratch.folder, "."), "its file is in the folder of the output");
    made_open(&late);
    tap_ok(!spool_pour(&spool, &late.out, &e), "a spool of no records is poured out");
    spool_close(&spool);
    struct sessions_in *in = made_again(&late);
    tap_ok(sessions_in_next(in, &r, &e) == READ_END, "and nothing comes");
    sessions_in_close(in);
}

static void refused(void)
{
    struct err e = {0};
    struct spool spool = SPOOL_CLOSED;
    tap_ok(spool_open(&spool, "no/such/folder/out", &e) == STATUS_CANTCREATE &&
               strstr(e.text, "no/such/folder"),
           "a folder that is not there is named: %s", e.text);
    spool_close(&spool);
}

int main(void)
{
    poured();
    empty();
    refused();
    return tap_done();
}
