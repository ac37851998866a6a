/* Files of tensors whose header is text: the input is the header, a NUL, and the tensors' bytes.
 * The header's length is added, so that a change of the header leaves the file one. */
#ifndef FUZZ_TENSORS_H
#define FUZZ_TENSORS_H

#include "../streams.h"

static inline const char *tensors_file(const void *data, size_t size)
{
    const char *text = data, *end = memchr(data, 0, size);
    size_t n = end ? (size_t)(end - text) : size;
    unsigned char length[8];
    struct buf bytes = {0};
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)n >> 8 * i);
    buf_append(&bytes, length, sizeof length);
    buf_append(&bytes, text, n);
    if (end)
        buf_append(&bytes, end + 1, size - n - 1);
    const char *path = stream_file(bytes.at, bytes.len);
    buf_release(&bytes);
    return path;
}

#endif
