/* Packed values: stepping over one and showing it agree, whatever the bytes. */
#include <stdlib.h>

#include "fuzz.h"
#include "stream/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf json = {0};
    struct cursor c = cursor_of((struct bytes){(const char *)data, size}), skipped = c;
    while (c.at != c.end) {
        bool whole = cursor_skip(&skipped, CURSOR_DEPTH);
        if (json_packed(&json, &c, CURSOR_DEPTH) != whole)
            abort();
        if (!whole)
            break;
        if (c.at != skipped.at)
            abort();
    }
    buf_release(&json);
    return 0;
}
