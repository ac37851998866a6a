/* How much of its input a program has read.  The readers of the input count here, and the owner is
 * called as they go.  Only the thread that reads touches it. */
#ifndef BASE_INPUT_METER_H
#define BASE_INPUT_METER_H

#include <stddef.h>
#include <stdint.h>

struct input_meter {
    uint64_t bytes;         /* read, of all inputs */
    uint64_t records;       /* rows or records in those bytes */
    void (*seen)(void *to); /* called after each read(2); NULL: nobody shows progress */
    void *to;
};

/* m NULL: nobody counts. */
static inline void input_meter_bytes(struct input_meter *m, size_t n)
{
    if (!m)
        return;
    m->bytes += n;
    if (m->seen)
        m->seen(m->to);
}

static inline void input_meter_records(struct input_meter *m, uint64_t n)
{
    if (m)
        m->records += n;
}

#endif
