#include "streams.h"
#include "tap.h"

static void whole_streams(void)
{
    for (int kind = 0; kind < 3; kind++) {
        struct buf s = {0};
        struct err e;
        stream_make(kind, "", &s);
        tap_ok(!stream_check(s.at, s.len, &e), "a whole stream of %s is read: %s",
               stream_kind_name[kind], e.text);
        buf_release(&s);
    }
}

/* Every proper beginning is an error. */
static void cut_everywhere(void)
{
    for (int kind = 0; kind < 3; kind++) {
        struct buf s = {0};
        struct err e;
        size_t accepted = 0, other = 0;
        stream_make(kind, "", &s);
        for (size_t n = 0; n < s.len; n++) {
            int status = stream_check(s.at, n, &e);
            accepted += !status;
            other += status != STATUS_DATA;
        }
        tap_ok(!accepted && !other, "%s cut at each of %zu bytes: status 65",
               stream_kind_name[kind], s.len);
        buf_release(&s);
    }
}

static void every_bit(void)
{
    for (int kind = 0; kind < 3; kind++) {
        struct buf s = {0};
        struct err e;
        size_t accepted = 0, other = 0;
        stream_make(kind, "", &s);
        for (size_t bit = 0; bit < 8 * s.len; bit++) {
            s.at[bit / 8] ^= (char)(1 << bit % 8);
            int status = stream_check(s.at, s.len, &e);
            accepted += !status;
            other += status != STATUS_DATA && !(status == STATUS_VERSION && bit / 8 == 12);
            s.at[bit / 8] ^= (char)(1 << bit % 8);
        }
        tap_ok(!accepted && !other, "%s with each of %zu bits flipped: status 65 (76: version)",
               stream_kind_name[kind], 8 * s.len);
        buf_release(&s);
    }
}

int main(void)
{
    whole_streams();
    cut_everywhere();
    every_bit();
    return tap_done();
}
