/* The bytes of several inputs, one after another, read into one buffer that grows with what
 * arrives. */
#ifndef STREAM_INPUT_H
#define STREAM_INPUT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/input_meter.h"

struct input {
    const char *const *paths;
    int count, next; /* the input after the open one */
    int fd;          /* -1: none open */
    bool ended;      /* read(2) said so */
    struct buf buffer;
    size_t at;                 /* where in the buffer the unread bytes begin */
    uint64_t read;             /* bytes of all inputs */
    struct input_meter *meter; /* counts them too; NULL: none does */
};

/* The caller keeps `paths` until input_close; count = 0: stdin.  66: one of them is missing. */
int input_open(struct input *in, const char *const *paths, int count, struct err *e);

/* Closes the open input and opens the next; *any = false when there is none. */
int input_advance(struct input *in, bool *any, struct err *e);

/* "standard input" or the open input's path. */
const char *input_name(const struct input *in);

/* Reads until n bytes are there or the input ends; 74 on a failing read. The bytes read before may
 * move. */
int input_need(struct input *in, size_t n, struct err *e);

static inline size_t input_available(const struct input *in)
{
    return in->buffer.len - in->at;
}

static inline const unsigned char *input_bytes(const struct input *in)
{
    return (const unsigned char *)in->buffer.at + in->at;
}

/* Reads what is there of an open input that has not ended, without waiting and without moving
 * bytes; false: nothing was. */
bool input_poll(struct input *in);

/* 65: says what the input is, which does not begin like a stream of the kind. */
int input_describe(const struct input *in, const char *kind, struct err *e);

void input_close(struct input *in);

#endif
