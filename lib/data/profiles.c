#include "data/profiles.h"

#include <inttypes.h>

#include "stream/attributes.h"
#include "base/text_fields.h"
#include "data/raw.h"

enum { ID, GENDER, AGE, COUNTRY, NEEDED };

static int add_line(struct profiles *p, struct bytes line, struct err *e)
{
    struct bytes fields[NEEDED];
    size_t count = fields_split(line, '\t', fields, NEEDED);
    if (count < NEEDED)
        return err_set(e, STATUS_DATA,
                       "%zu columns where id, gender, age and country are expected, separated by "
                       "tabs",
                       count);
    if (raw_name("id", fields[ID], e))
        return e->status;
    bool is_new;
    names_add(&p->users, fields[ID], &is_new);
    if (!is_new) {
        char text[FIELD_TEXT];
        return err_set(e, STATUS_DATA, "the id %s is there twice", field_text(fields[ID], text));
    }
    const struct attribute given[] = {
        {"country", fields[COUNTRY]},
        {"gender", fields[GENDER]},
        {"age", fields[AGE]},
    };
    attributes_pack(&p->packed, given, sizeof given / sizeof *given);
    vec_push(&p->ends, p->packed.len);
    return 0;
}

int profiles_read(struct profiles *p, const char *path, struct err *e)
{
    struct lines lines;
    struct bytes line;
    enum line_result got;
    int status = 0;
    lines_open(&lines, &path, 1);
    while (!status && (got = lines_next(&lines, &line, e)) != LINE_END) {
        if (got == LINE_ERROR) {
            status = e->status;
            break;
        }
        if (line.len && line.at[0] == '#')
            continue;
        if (got == LINE_LONG)
            status = err_set(e, STATUS_DATA, "longer than %d bytes", LINE_LIMIT);
        else
            status = add_line(p, line, e);
        if (status)
            err_at(e, "%s, line %" PRIu64, lines.name, lines.number);
    }
    lines_close(&lines);
    return status;
}

struct bytes profiles_find(const struct profiles *p, struct bytes user)
{
    int32_t id = names_find(&p->users, user);
    if (id < 0)
        return (struct bytes){NULL, 0};
    size_t from = id ? p->ends.at[id - 1] : 0, len = p->ends.at[id] - from;
    return len ? (struct bytes){p->packed.at + from, len} : (struct bytes){NULL, 0};
}

void profiles_release(struct profiles *p)
{
    names_release(&p->users);
    buf_release(&p->packed);
    vec_release(&p->ends);
}
