/* Compressed inputs: read in small pieces and in large ones, any bytes give the same text and the
 * same verdict. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/unpack.h"
#include "fuzz.h"
#include "../streams.h"

enum { ENOUGH = 1 << 20 }; /* bytes; a few may stand for many more */

static int read_all(const char *path, size_t room, struct buf *to)
{
    struct unpack u;
    struct err e = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC), status = 0;
    size_t got = 1;
    unpack_open(&u, fd, path, NULL);
    while (!status && got && to->len < ENOUGH) {
        buf_reserve(to, room);
        status = unpack_read(&u, to->at + to->len, room, &got, &e);
        to->len += status ? 0 : got;
    }
    if (status && status != STATUS_DATA)
        abort();
    unpack_close(&u);
    close(fd);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = stream_file(data, size);
    struct buf small = {0}, large = {0};
    int one = read_all(path, UNPACK_ROOM, &small), other = read_all(path, 64 << 10, &large);
    size_t n = small.len < large.len ? small.len : large.len;
    if (n < ENOUGH && one != other)
        abort();
    if ((n && memcmp(small.at, large.at, n)) || (!one && n < ENOUGH && small.len != large.len))
        abort();
    buf_release(&small);
    buf_release(&large);
    return 0;
}
