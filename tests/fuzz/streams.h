/* Reads a stream in every way that there is; errors are fine. */
#ifndef TESTS_FUZZ_STREAMS_H
#define TESTS_FUZZ_STREAMS_H

#include "data/schedule_in.h"
#include "stream/summary.h"
#include "stream/to_json.h"
#include "../streams.h"

static inline int forget_text(void *context, struct buf *text, struct err *e)
{
    (void)context, (void)e;
    buf_clear(text);
    return 0;
}

static inline void read_every_way(const void *bytes, size_t n)
{
    const char *path = stream_file(bytes, n);
    struct frame_in *frame;
    struct any_in any;
    struct schedule_in schedule;
    struct schedule_record record;
    struct buf text = {0};
    struct err e;
    if (!frame_in_open(&frame, &path, 1, -1, true, &e)) {
        to_json_lines(frame, UINT64_MAX, &text, forget_text, NULL, &e);
        frame_in_close(frame);
    }
    buf_clear(&text);
    if (!any_in_open(&any, &path, 1, &e)) {
        summary_write(&any, &text, &e);
        any_in_close(&any);
    }
    if (!schedule_in_open(&schedule, &path, 1, 0, &e))
        while (schedule_in_next(&schedule, &record, &e) == READ_RECORD)
            ;
    schedule_in_close(&schedule);
    buf_release(&text);
}

#endif
