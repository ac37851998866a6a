/* Streams of batches for measurements: users, items and a session of all items. */
#ifndef TESTS_BENCH_STREAM_H
#define TESTS_BENCH_STREAM_H

#include <stdio.h>

#include "base/mem.h"
#include "stream/output.h"

/* Opens a stream with this header, to which it adds the edges of session ages: hours of a week. */
static inline int bench_stream_open(struct output *to, const char *path, struct meta *m,
                                    struct err *e)
{
    const struct bytes no_options = {"\x80", 1};
    int64_t edges[168];
    for (int i = 0; i < 168; i++)
        edges[i] = 3600 * (i + 1);
    m->kind = STREAM_BATCHES;
    meta_set_i64s(m, "delta_edges", edges, 168);
    return output_open(to, path, false, m, "bench", "1", no_options, e);
}

static inline int bench_names(struct frame_out *out, int32_t users, int32_t items, struct err *e)
{
    char name[32];
    const struct attributes none = {{NULL, 0}};
    for (int32_t i = 0; i < users + items; i++) {
        snprintf(name, sizeof name, "%d", (int)i);
        if (i < users ? write_user(out, i, bytes_of(name), none, e)
                      : write_item(out, i - users, bytes_of(name), none, e))
            return e->status;
    }
    return 0;
}

enum { BENCH_SESSION = 500000 }; /* items of a session, at most: a record has a limit */

/* Every item once, as a session has to use each: of a user and a part that no batch has. */
static inline int bench_all_items(struct frame_out *out, int32_t user, enum part part,
                                  int32_t items, struct err *e)
{
    int32_t *item = mem_alloc((size_t)items * sizeof *item);
    int64_t *times = mem_zero((size_t)items, sizeof *times);
    for (int32_t i = 0; i < items; i++)
        item[i] = i;
    int status = 0;
    for (int32_t i = 0; i < items && !status; i += BENCH_SESSION) {
        int32_t count = items - i < BENCH_SESSION ? items - i : BENCH_SESSION;
        struct session s = {user, part, (size_t)count, times, item + i, NULL, 0};
        status = write_session(out, &s, e);
    }
    mem_free(item);
    mem_free(times);
    return status;
}

#endif
