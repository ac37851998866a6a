#include "recommend/item_sets.h"

#include "base/lines.h"
#include "base/option.h"

int item_sets_option(void *to, const char *value, struct err *e)
{
    struct item_sets *s = to;
    const char *equals = strchr(value, '=');
    if (!equals || equals == value || !equals[1])
        return err_set(e, STATUS_USAGE, "expected NAME=FILE, as in instock=items.txt");
    struct bytes name = {value, (size_t)(equals - value)};
    if (item_sets_find(s, name))
        return err_set(e, STATUS_USAGE, "'%.*s' is given twice", (int)name.len, name.at);
    if (option_check_file(equals + 1, e))
        return e->status;
    vec_push(&s->at, ((struct item_set){.name = name, .path = equals + 1}));
    return 0;
}

void item_sets_copy(struct item_sets *to, const struct item_sets *from)
{
    for (size_t i = 0; i < from->at.len; i++)
        vec_push(&to->at,
                 ((struct item_set){.name = from->at.at[i].name, .path = from->at.at[i].path}));
}

static void take_line(struct item_set *s, const struct names *items, struct bytes line)
{
    const char *tab = line.len ? memchr(line.at, '\t', line.len) : NULL;
    int32_t item =
        names_find(items, (struct bytes){line.at, tab ? (size_t)(tab - line.at) : line.len});
    if (item < 0)
        s->unknown += line.len > 0;
    else
        s->has.at[item] = 1;
}

static int read_set(struct item_set *s, const struct names *items, struct err *e)
{
    struct lines l;
    struct bytes line;
    enum line_result got;
    size_t n = (size_t)names_count(items);
    vec_reserve(&s->has, n + 1);
    memset(s->has.at, 0, n + 1);
    s->has.len = n;
    lines_open(&l, &s->path, 1);
    while ((got = lines_next(&l, &line, e)) == LINE_TEXT)
        take_line(s, items, line);
    int status = got == LINE_ERROR  ? e->status
                 : got == LINE_LONG ? err_set(e, STATUS_DATA, "%s: a line is too long", s->path)
                                    : 0;
    lines_close(&l);
    if (!status && (!n || !memchr(s->has.at, 1, n)))
        return err_set(e, STATUS_DATA,
                       "%s: none of its lines names an item that can be recommended", s->path);
    return status;
}

int item_sets_read(struct item_sets *s, const struct names *items, struct err *e)
{
    for (size_t i = 0; i < s->at.len; i++)
        if (read_set(&s->at.at[i], items, e))
            return e->status;
    return 0;
}

const struct item_set *item_sets_find(const struct item_sets *s, struct bytes name)
{
    for (size_t i = 0; i < s->at.len; i++)
        if (bytes_equal(s->at.at[i].name, name))
            return &s->at.at[i];
    return NULL;
}

void item_sets_release(struct item_sets *s)
{
    for (size_t i = 0; i < s->at.len; i++)
        vec_release(&s->at.at[i].has);
    vec_release(&s->at);
}
