/* How far the process has come in its input.  Readers count here, and who shows progress is called
 * after each read(2); all of it from the thread that reads. */
#ifndef BASE_INPUT_METER_H
#define BASE_INPUT_METER_H

#include <stddef.h>
#include <stdint.h>

struct input_meter {
    uint64_t bytes;     /* read, of all inputs */
    uint64_t records;   /* rows or records in what was taken up so far */
    void (*seen)(void); /* NULL: nobody watches */
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
