/* Ranks as text: whatever the lines, what is made of them are records of a stream. */
#include <math.h>
#include <stdlib.h>

#include "eval/ranks_tsv.h"
#include "fuzz.h"
#include "../streams.h"

struct seen {
    int32_t users, items;
    bool in_pass, ended;
};

static void check(bool good)
{
    if (!good)
        abort();
}

static int begin(void *to, const struct meta *meta, struct err *e)
{
    struct buf packed = {0};
    (void)to;
    check(meta->pipeline.len == 1);
    if (meta_pack(meta, &packed, e))
        check(e->status == STATUS_DATA || e->status == STATUS_USAGE);
    buf_release(&packed);
    return 0;
}

static void check_ids(struct column ids, size_t n, int32_t below)
{
    check(ids.len == n);
    for (size_t i = 0; i < n; i++)
        check(column_i32(ids)[i] >= 0 && column_i32(ids)[i] < below);
}

/* A column that may not be there, of numbers from `low`. */
static void check_column(struct column c, size_t n, int32_t low)
{
    check(!c.at || c.len == n);
    for (size_t i = 0; c.at && i < n; i++)
        check(column_i32(c)[i] >= low);
}

static void check_ranks(const struct seen *s, const struct ranks *r)
{
    size_t n = r->target.len;
    check(s->in_pass && n);
    check_ids(r->user, n, s->users);
    check_ids(r->target, n, s->items);
    check(r->rank.len == n && r->position.len == n);
    check_column(r->position, n, 0);
    check_column(r->rank, n, 1);
    check_column(r->history, n, 0);
    check_column(r->length, n, 1);
    for (size_t i = 0; i < r->loss.len; i++)
        check(isfinite(column_f32(r->loss)[i]));
}

static int record(void *to, const struct predictions_record *r, struct err *e)
{
    struct seen *s = to;
    (void)e;
    switch (r->kind) {
    case RECORD_USER:
        check(r->named.id == s->users++ && r->named.name.len);
        break;
    case RECORD_ITEM:
        check(r->named.id == s->items++ && r->named.name.len);
        break;
    case RECORD_EPOCH:
        check(!s->in_pass && r->epoch.part == PART_TEST);
        s->in_pass = true;
        break;
    case RECORD_RANK:
        check_ranks(s, &r->ranks);
        break;
    case RECORD_PASS:
        check(s->in_pass);
        s->in_pass = false;
        break;
    default:
        abort();
    }
    return 0;
}

static int end(void *to, struct err *e)
{
    struct seen *s = to;
    (void)e;
    s->ended = true;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct predictions_visitor visit = {begin, record, end};
    struct seen s = {0};
    struct err e = {0};
    int status = ranks_tsv_each(stream_file(data, size), NULL, &visit, &s, &e);
    check(status ? status == STATUS_DATA && *e.text : s.ended && !s.in_pass);
    return 0;
}
