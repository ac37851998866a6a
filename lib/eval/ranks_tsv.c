#include "eval/ranks_tsv.h"

#include <math.h>
#include <stdio.h>

#include "base/num.h"
#include "base/text_fields.h"
#include "base/lines.h"
#include "stream/meta.h"
#include "stream/pack.h"

enum { FIELDS = 64, CHUNK = 4096 /* targets a record */ };

enum ranks_column {
    USER,
    POSITION,
    TARGET,
    RANK,
    HISTORY,
    LENGTH,
    DAY,
    INTEGERS,
    SEEN = INTEGERS,
    LOSS,
    NAMED
};
static const char *const field_name[NAMED] = {"user",   "position", "target", "rank", "history",
                                              "length", "day",      "seen",   "loss"};

struct ranks_tsv {
    struct lines lines;
    size_t columns;    /* of every line; 0: none was read */
    int field[FIELDS]; /* the column in each; NAMED: another one */
    bool has[NAMED];
    struct names users, items;
    i32_vec value[INTEGERS]; /* of the chunk, by column */
    f32_vec loss;
    VEC(unsigned char) seen;
    double losses; /* the sum over all targets */
    int64_t targets;
    const struct predictions_visitor *visit;
    void *to;
};

static const struct epoch the_epoch = {1, PART_TEST};

/* ---- lines ---- */

static int missing_column(const struct ranks_tsv *t, struct err *e)
{
    for (int f = USER; f <= RANK; f++)
        if (!t->has[f])
            return err_set(e, STATUS_DATA, "there is no column \"%s\"", field_name[f]);
    return 0;
}

static int field_of(struct bytes name)
{
    int f = 0;
    while (f < NAMED && !bytes_equal(name, bytes_of(field_name[f])))
        f++;
    return f;
}

/* Reads the first line's names, if they are names; *is_header says so. */
static int begin_columns(struct ranks_tsv *t, const struct bytes *fields, size_t n, bool *is_header,
                         struct err *e)
{
    bool named[NAMED + 1] = {false};
    for (size_t i = 0; i < n; i++)
        named[field_of(fields[i])] = true;
    *is_header = named[USER] && named[RANK];
    if (!*is_header && n != RANK + 1)
        return err_set(e, STATUS_DATA,
                       "%zu fields, expected user, position, target and rank with tabs between "
                       "them, or a line with the columns' names",
                       n);
    t->columns = n;
    for (size_t i = 0; i < n; i++) {
        int f = *is_header ? field_of(fields[i]) : (int)i;
        if (f < NAMED && t->has[f])
            return err_set(e, STATUS_DATA, "two columns are named \"%s\"", field_name[f]);
        t->field[i] = f;
        if (f < NAMED)
            t->has[f] = true;
    }
    return missing_column(t, e);
}

static int no_number(int field, struct bytes text, const char *expected, struct err *e)
{
    char shown[FIELD_TEXT];
    return err_set(e, STATUS_DATA, "the %s is %s, expected %s", field_name[field],
                   field_text(text, shown), expected);
}

static int take_number(struct ranks_tsv *t, int field, struct bytes text, struct err *e)
{
    static const int32_t least[INTEGERS] = {[RANK] = 1, [LENGTH] = 2};
    int64_t value = RANK_NONE;
    bool unranked = field == RANK && bytes_equal(text, bytes_of("-"));
    if (!unranked &&
        (!num_i64(text.at, text.len, &value) || value < least[field] || value > INT32_MAX))
        return no_number(field, text,
                         field == RANK ? "a whole number from 1, or \"-\" where it was not ranked"
                         : field == LENGTH ? "a whole number from 2"
                                           : "a whole number from 0",
                         e);
    vec_push(&t->value[field], (int32_t)value);
    return 0;
}

static int take_seen(struct ranks_tsv *t, struct bytes text, struct err *e)
{
    if (text.len != 1 || (*text.at != '0' && *text.at != '1'))
        return no_number(SEEN, text, "1 where the user had the target before, else 0", e);
    vec_push(&t->seen, *text.at == '1');
    return 0;
}

static int take_loss(struct ranks_tsv *t, struct bytes text, struct err *e)
{
    double value;
    if (!num_f64(text.at, text.len, &value) || !isfinite((float)value))
        return no_number(LOSS, text, "a number", e);
    vec_push(&t->loss, (float)value);
    t->losses += value;
    return 0;
}

/* ---- records for the visitor ---- */

/* A user or a target. */
static int take_name(struct ranks_tsv *t, int field, struct bytes name, struct err *e)
{
    bool is_new;
    if (!name.len)
        return err_set(e, STATUS_DATA, "the %s is empty", field_name[field]);
    if (name.len > NAME_LIMIT)
        return err_set(e, STATUS_DATA, "the %s's name is longer than %d bytes", field_name[field],
                       NAME_LIMIT);
    int32_t id = names_add(field == USER ? &t->users : &t->items, name, &is_new);
    struct predictions_record r = {.kind = field == USER ? RECORD_USER : RECORD_ITEM,
                                   .named = {.id = id, .name = name}};
    vec_push(&t->value[field], id);
    return is_new ? t->visit->record(t->to, &r, e) : 0;
}

static struct column column_of(const struct ranks_tsv *t, int field)
{
    return t->has[field] ? (struct column){t->value[field].at, t->value[field].len}
                         : (struct column){NULL, 0};
}

static int flush(struct ranks_tsv *t, struct err *e)
{
    struct predictions_record r = {.kind = RECORD_RANK, .epoch = the_epoch};
    r.ranks = (struct ranks){.user = column_of(t, USER),
                             .position = column_of(t, POSITION),
                             .target = column_of(t, TARGET),
                             .rank = column_of(t, RANK),
                             .history = column_of(t, HISTORY),
                             .length = column_of(t, LENGTH),
                             .day = column_of(t, DAY)};
    if (t->has[LOSS])
        r.ranks.loss = (struct column){t->loss.at, t->loss.len};
    if (t->has[SEEN])
        r.ranks.seen = (struct column){t->seen.at, t->seen.len};
    int status = r.ranks.rank.len ? t->visit->record(t->to, &r, e) : 0;
    t->targets += (int64_t)r.ranks.rank.len;
    for (int f = 0; f < INTEGERS; f++)
        vec_clear(&t->value[f]);
    vec_clear(&t->loss);
    vec_clear(&t->seen);
    return status;
}

static int take_line(struct ranks_tsv *t, struct bytes line, struct err *e)
{
    struct bytes fields[FIELDS];
    size_t n = fields_split(line, '\t', fields, FIELDS);
    bool is_header = false;
    int status = 0;
    if (n > FIELDS)
        return err_set(e, STATUS_DATA, "%zu fields, at most %d are read", n, FIELDS);
    if (!t->columns && begin_columns(t, fields, n, &is_header, e))
        return e->status;
    if (is_header)
        return 0;
    if (n != t->columns)
        return err_set(e, STATUS_DATA, "%zu fields, expected %zu", n, t->columns);
    for (size_t i = 0; i < n && !status; i++) {
        int f = t->field[i];
        status = f == USER || f == TARGET ? take_name(t, f, fields[i], e)
                 : f == LOSS              ? take_loss(t, fields[i], e)
                 : f == SEEN              ? take_seen(t, fields[i], e)
                 : f < NAMED              ? take_number(t, f, fields[i], e)
                                          : 0;
    }
    return status || t->value[RANK].len < CHUNK ? status : flush(t, e);
}

static int read_lines(struct ranks_tsv *t, struct err *e)
{
    struct bytes line;
    enum line_result got;
    while ((got = lines_next(&t->lines, &line, e)) != LINE_END) {
        if (got == LINE_ERROR)
            return e->status;
        int status = got == LINE_LONG ? err_set(e, STATUS_DATA, "longer than %d bytes", LINE_LIMIT)
                                      : take_line(t, line, e);
        if (status == STATUS_DATA)
            return err_at(e, "%s: line %llu", t->lines.name, (unsigned long long)t->lines.number);
        if (status)
            return status;
    }
    return flush(t, e);
}

static int begin(const struct ranks_tsv *t, const char *path, struct err *e)
{
    struct meta meta = {.kind = STREAM_PREDICTIONS};
    struct buf options = {0};
    msgpack_packer pk;
    const char *folder = strrchr(path, '/');
    char *stem = mem_copy(folder ? folder + 1 : path, strlen(folder ? folder + 1 : path));
    char *dot = strrchr(stem, '.');
    if (dot && dot > stem)
        *dot = 0;
    msgpack_packer_init(&pk, &options, buf_write);
    msgpack_pack_map(&pk, 1);
    pack_text(&pk, bytes_of("file"));
    pack_text(&pk, bytes_of(path));
    meta_add_program(&meta, stem, "", (struct bytes){options.at, options.len});
    int status = t->visit->begin(t->to, &meta, e);
    meta_release(&meta);
    buf_release(&options);
    mem_free(stem);
    return status;
}

static int end(const struct ranks_tsv *t, struct err *e)
{
    struct predictions_record r = {.kind = RECORD_PASS, .epoch = the_epoch};
    r.pass = (struct pass){the_epoch, t->has[LOSS] ? t->losses / (double)t->targets : NAN,
                           t->targets, 0};
    return t->visit->record(t->to, &r, e) || t->visit->end(t->to, e) ? e->status : 0;
}

int ranks_tsv_each(const char *path, struct input_meter *meter,
                   const struct predictions_visitor *visit, void *to, struct err *e)
{
    struct ranks_tsv t = {.visit = visit, .to = to};
    const char *name = path && strcmp(path, "-") ? path : "standard input";
    struct predictions_record epoch = {.kind = RECORD_EPOCH, .epoch = the_epoch};
    lines_open(&t.lines, &path, path ? 1 : 0);
    t.lines.meter = meter;
    int status =
        begin(&t, name, e) || visit->record(to, &epoch, e) || read_lines(&t, e) ? e->status : 0;
    if (!status && !t.targets)
        status = err_set(e, STATUS_DATA, "%s: there are no targets", name);
    if (!status)
        status = end(&t, e);
    lines_close(&t.lines);
    names_release(&t.users);
    names_release(&t.items);
    for (int f = 0; f < INTEGERS; f++)
        vec_release(&t.value[f]);
    vec_release(&t.loss);
    vec_release(&t.seen);
    return status;
}
