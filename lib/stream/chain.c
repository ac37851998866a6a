#include "stream/chain.h"

#include <inttypes.h>

#include "base/num.h"
#include "stream/cursor.h"

static bool value_text(struct cursor *c, int depth, struct buf *to);

static bool list_text(struct cursor *c, uint32_t count, int depth, struct buf *to)
{
    for (uint32_t i = 0; i < count; i++) {
        buf_text(to, i ? "," : "");
        if (!value_text(c, depth - 1, to))
            return false;
    }
    return true;
}

static bool value_text(struct cursor *c, int depth, struct buf *to)
{
    struct token t;
    char number[NUM_TEXT];
    if (depth == 0 || !cursor_next(c, &t))
        return false;
    switch (t.kind) {
    case TOKEN_NIL:
        return true;
    case TOKEN_BOOL:
        buf_text(to, t.boolean ? "true" : "false");
        return true;
    case TOKEN_INT:
        buf_format(to, "%" PRId64, t.i);
        return true;
    case TOKEN_UINT:
        buf_format(to, "%" PRIu64, t.u);
        return true;
    case TOKEN_REAL:
        buf_append(to, number, num_text(t.real, number));
        return true;
    case TOKEN_ARRAY:
        return list_text(c, t.count, depth, to);
    case TOKEN_MAP:
        return list_text(c, t.count * 2, depth, to);
    default:
        buf_append(to, t.bytes.at, t.bytes.len);
        return true;
    }
}

static bool visit_program(struct cursor *c, int program, chain_visit *visit, void *to,
                          struct buf *value)
{
    struct bytes name, version;
    uint32_t fields, options;
    if (!cursor_array(c, &fields) || fields < 3 || !cursor_str(c, &name) ||
        !cursor_str(c, &version) || !cursor_map(c, &options))
        return false;
    visit(to, program, (struct bytes){"", 0}, name);
    for (uint32_t i = 0; i < options; i++) {
        struct bytes option;
        buf_clear(value);
        if (!cursor_str(c, &option) || !value_text(c, CURSOR_DEPTH, value))
            return false;
        visit(to, program, option, (struct bytes){value->at, value->len});
    }
    return true;
}

int chain_each(const struct meta *m, chain_visit *visit, void *to, struct err *e)
{
    struct buf value = {0};
    int status = 0;
    for (size_t i = 0; i < m->pipeline.len && !status; i++) {
        const struct buf *packed = &m->pipeline.at[i];
        struct cursor c = cursor_of((struct bytes){packed->at, packed->len});
        if (!visit_program(&c, (int)i, visit, to, &value))
            status =
                err_set(e, STATUS_DATA,
                        "program %zu of the header's pipeline is not [name, version, options]", i);
    }
    buf_release(&value);
    return status;
}
