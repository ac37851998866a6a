#include "data/days.h"

enum { DAY = 86400 };

void days_find(struct days *d, const struct session_store *c)
{
    for (int p = 0; p <= PART_TEST; p++)
        d->first[p] = INT64_MAX;
    for (size_t s = 0; s < session_store_sessions(c); s++) {
        int64_t end = session_store_last(c, s), *first = &d->first[session_store_part(c, s)];
        *first = end < *first ? end : *first;
    }
}

int32_t days_at(const struct days *d, const struct session_store *c, size_t session)
{
    uint64_t first = (uint64_t)d->first[session_store_part(c, session)];
    uint64_t day = ((uint64_t)session_store_last(c, session) - first) / DAY;
    return day < INT32_MAX ? (int32_t)day : INT32_MAX;
}
