/* How much of its input the process has read. It is one variable of the process, since readers at
 * any depth of the code count here and the command line shows it. Only the thread that reads
 * touches it. */
#ifndef BASE_INPUT_METER_H
#define BASE_INPUT_METER_H

#include <stddef.h>
#include <stdint.h>

struct input_meter {
    uint64_t bytes;     /* read, of all inputs */
    uint64_t records;   /* rows or records in those bytes */
    void (*seen)(void); /* called after each read(2); NULL: progress is not shown */
};

extern struct input_meter input_meter;

static inline void input_meter_bytes(size_t n)
{
    input_meter.bytes += n;
    if (input_meter.seen)
        input_meter.seen();
}

static inline void input_meter_records(uint64_t n)
{
    input_meter.records += n;
}

#endif
