#include "stream/time_range.h"

#include <inttypes.h>

#include "base/mem.h"
#include "base/time.h"

/* Two events that are more than a year apart, with none between them, are in two stretches, and
 * those between are empty: so the ends of the stretches give every such gap. */
enum { STRETCH_BITS = 20, STRETCHES = 1 << (36 - STRETCH_BITS) };
static const int64_t year = 365 * 86400;

static struct time_span *new_stretches(void)
{
    struct time_span *seen = mem_alloc(STRETCHES * sizeof *seen);
    for (size_t i = 0; i < STRETCHES; i++)
        seen[i] = (struct time_span){TIME_LIMIT, -1};
    return seen;
}

void time_range_add(struct time_range *r, const int64_t *times, size_t n)
{
    if (!r->seen)
        r->seen = new_stretches();
    for (size_t i = 0; i < n; i++) {
        int64_t time = times[i];
        struct time_span *s = &r->seen[time >> STRETCH_BITS];
        s->first = time < s->first ? time : s->first;
        s->last = time > s->last ? time : s->last;
        r->early += time < TIME_EARLY;
        r->late += time > r->now;
    }
}

static void put_time(struct buf *to, const char *name, int64_t time)
{
    char text[TIME_TEXT];
    time_text(time, text);
    buf_format(to, "%s%s", name, text);
}

static void put_gap(struct buf *to, int64_t before, int64_t after)
{
    put_time(to, "gap over a year\t", before);
    put_time(to, " to ", after);
    buf_format(to, " (%" PRId64 " days)\n", (after - before) / 86400);
}

void time_range_show(const struct time_range *r, struct buf *to)
{
    struct time_span all = {TIME_LIMIT, -1};
    struct buf gaps = {0};
    for (size_t i = 0; r->seen && i < STRETCHES; i++) {
        struct time_span s = r->seen[i];
        if (s.last < 0)
            continue;
        if (all.last >= 0 && s.first - all.last > year)
            put_gap(&gaps, all.last, s.first);
        all = (struct time_span){all.last < 0 ? s.first : all.first, s.last};
    }
    if (all.last >= 0) {
        put_time(to, "first event\t", all.first);
        put_time(to, "\nlast event\t", all.last);
        buf_byte(to, '\n');
    }
    buf_append(to, gaps.at, gaps.len);
    if (r->early)
        buf_format(to, "events before 1995\t%" PRIu64 "\n", r->early);
    if (r->late)
        buf_format(to, "events in the future\t%" PRIu64 "\n", r->late);
    buf_release(&gaps);
}

void time_range_release(struct time_range *r)
{
    mem_free(r->seen);
    r->seen = NULL;
}
