/* Requests: whatever the line, what is taken of it lies within it, and the id is one value of JSON.
 */
#include <stdlib.h>

#include "base/json.h"
#include "fuzz.h"
#include "recommend/request.h"

static void within(const struct request *r, struct request_name n)
{
    if (n.from > r->text.len || n.len > r->text.len - n.from)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request r = {0};
    struct err e;
    int status = request_read(&r, (struct bytes){(const char *)data, size}, &e);
    struct json_in id = json_in_of((struct bytes){r.id.at, r.id.len});
    if (r.id.len && !(json_skip(&id) && json_done(&id)))
        abort();
    for (size_t i = 0; i < r.items.len; i++)
        within(&r, r.items.at[i]);
    if (!status && !r.has_user && !r.has_items)
        abort();
    if (!status && r.has_times && r.times.len != r.items.len)
        abort();
    request_release(&r);
    return 0;
}
