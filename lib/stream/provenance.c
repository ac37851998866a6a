#include "stream/provenance.h"

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

static bool visit_program(struct cursor *c, int program, provenance_visit *visit, void *to,
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

int provenance_each(const struct meta *m, provenance_visit *visit, void *to, struct err *e)
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

/* ---- differences ---- */

/* One call of provenance_each, with copies of its texts. */
struct visited {
    int program;
    char *option, *value;
};
typedef VEC(struct visited) visited_vec;

static void keep_visit(void *to, int program, struct bytes option, struct bytes value)
{
    visited_vec *all = to;
    vec_push(all, ((struct visited){program, mem_copy(option.at, option.len),
                                    mem_copy(value.at, value.len)}));
}

static void release_visits(visited_vec *all)
{
    for (size_t i = 0; i < all->len; i++) {
        mem_free(all->at[i].option);
        mem_free(all->at[i].value);
    }
    vec_release(all);
}

/* Describes the difference at i: another value, another program, or another order. */
static void say(struct buf *what, const visited_vec *was, const visited_vec *is, size_t i,
                const char *program)
{
    const struct visited *a = i < was->len ? &was->at[i] : NULL;
    const struct visited *b = i < is->len ? &is->at[i] : NULL;
    if (a && b && *a->option && !strcmp(a->option, b->option))
        buf_format(what, "%s --%s was %s, is %s", program, a->option,
                   *a->value ? a->value : "not given", *b->value ? b->value : "not given");
    else if (a && b && !*a->option && !*b->option)
        buf_format(what, "%s came where %s comes now", a->value, b->value);
    else
        buf_format(what, "%s has other options or is at another place", program);
}

static int first_difference(const visited_vec *was, const visited_vec *is, struct buf *what)
{
    const char *program = "the pipeline";
    int number = 0;
    for (size_t i = 0; i < was->len || i < is->len; i++) {
        const struct visited *a = i < was->len ? &was->at[i] : NULL;
        const struct visited *b = i < is->len ? &is->at[i] : NULL;
        if (b) {
            number = b->program;
            program = *b->option ? program : b->value;
        }
        if (a && b && !strcmp(a->option, b->option) && !strcmp(a->value, b->value))
            continue;
        say(what, was, is, i, program);
        return number;
    }
    return -1;
}

/* Programs with the same names and options, so that they are as many, may be of different versions.
 */
static int other_version(const struct meta *was, const struct meta *is, struct buf *what)
{
    for (size_t i = 0; i < was->pipeline.len; i++) {
        const struct buf *a = &was->pipeline.at[i], *b = &is->pipeline.at[i];
        if (!bytes_equal((struct bytes){a->at, a->len}, (struct bytes){b->at, b->len})) {
            buf_format(what, "program %zu of the pipeline was of another version", i + 1);
            return (int)i;
        }
    }
    return -1;
}

int provenance_difference(const struct meta *was, const struct meta *is, struct buf *what,
                          struct err *e)
{
    visited_vec before = {0}, now = {0};
    int program = -2;
    if (!provenance_each(was, keep_visit, &before, e) &&
        !provenance_each(is, keep_visit, &now, e)) {
        program = first_difference(&before, &now, what);
        if (program < 0)
            program = other_version(was, is, what);
    }
    release_visits(&before);
    release_visits(&now);
    return program;
}
