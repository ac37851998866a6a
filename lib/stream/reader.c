#include "stream/reader.h"

#include "base/time.h"

int reader_open(struct reader *r, const char *const *paths, int count, int kind, bool parts,
                struct err *e)
{
    struct bytes none;
    *r = (struct reader){0};
    if (frame_in_open(&r->frame, paths, count, kind, parts, e))
        return e->status;
    if (frame_in_next(r->frame, &none, e) == READ_HEADER) {
        meta_copy(&r->meta, frame_in_meta(r->frame));
        if (!reader_ranges(r, e))
            return 0;
    }
    reader_release(r);
    return e->status;
}

void reader_release(struct reader *r)
{
    frame_in_close(r->frame);
    meta_release(&r->meta);
    names_release(&r->users);
    names_release(&r->items);
    buf_release(&r->arena);
    *r = (struct reader){0};
}

static int check_edges(const i64_vec *edges, struct err *e)
{
    for (size_t i = 0; i < edges->len; i++)
        if (edges->at[i] <= (i ? edges->at[i - 1] : -1))
            return err_set(e, STATUS_DATA, "header: delta_edges do not rise");
    return 0;
}

static int read_ranges(struct reader *r, struct err *e)
{
    const struct meta *m = frame_in_meta(r->frame);
    i64_vec edges = {0};
    int keeps_order = -1;
    int64_t history = -1, shift = 0, slots = 1;
    int status = meta_get_i64s(m, "delta_edges", &edges, e);
    if (!status)
        status = check_edges(&edges, e);
    r->high[HIGH_DELTA] = edges.len ? (int64_t)edges.len : INT32_MAX;
    if (!status && m->kind != STREAM_PREDICTIONS && !edges.len)
        status = err_set(e, STATUS_DATA, "header: no \"delta_edges\"");
    vec_release(&edges);
    if (status || meta_get_int(m, "week_shift", &shift, e))
        return e->status;
    if (m->kind != STREAM_BATCHES)
        return 0;
    if (meta_get_int(m, "history", &history, e) || meta_get_bool(m, "keeps_order", &keeps_order, e))
        return e->status;
    if (history < 0 || history > INT32_MAX)
        return err_set(e, STATUS_DATA,
                       "header: no \"history\", the most earlier sessions that a model sees");
    if (keeps_order < 0)
        return err_set(e, STATUS_DATA, "header: no \"keeps_order\"");
    if (meta_get_int(m, "slots", &slots, e))
        return e->status;
    if (slots < 1 || slots > SLOTS_LIMIT)
        return err_set(e, STATUS_DATA, "header: \"slots\" is %lld, expected 1 to %d",
                       (long long)slots, SLOTS_LIMIT);
    return 0;
}

int reader_ranges(struct reader *r, struct err *e)
{
    const int64_t high[HIGH_COUNT] = {
        [HIGH_NONE] = INT64_MAX,      [HIGH_USER] = -1,     [HIGH_ITEM] = -1,
        [HIGH_TIME] = TIME_LIMIT - 1, [HIGH_NO_WEEK] = 168, [HIGH_ONE] = 1,
    };
    memcpy(r->high, high, sizeof high);
    return read_ranges(r, e) ? frame_in_at(r->frame, e) : 0;
}

const char *reader_shown(struct bytes name, char to[SHOWN_NAME])
{
    size_t n = name.len < SHOWN_NAME - 4 ? name.len : SHOWN_NAME - 4;
    for (size_t i = 0; i < n; i++)
        to[i] = (unsigned char)name.at[i] < ' ' || name.at[i] == 0x7f ? '?' : name.at[i];
    memcpy(to + n, name.len > n ? "..." : "", name.len > n ? 4 : 1);
    return to;
}

/* *known: whether the tag is one of the kind's; unknown ones in lower case are skipped. */
static int read_tag(struct reader *r, struct bytes record, struct tagged *t, bool *known,
                    struct err *e)
{
    struct bytes tag;
    uint32_t count;
    char shown[SHOWN_NAME];
    t->c = cursor_of(record);
    *known = false;
    if (!cursor_array(&t->c, &count) || !count || !cursor_str(&t->c, &tag))
        return err_set(e, STATUS_DATA, "not a list that begins with a tag");
    for (const struct tag *known_tag = r->tags; known_tag->name; known_tag++) {
        if (!bytes_equal(tag, bytes_of(known_tag->name)))
            continue;
        if (count < known_tag->least || count > known_tag->most)
            return err_set(e, STATUS_DATA, "\"%s\" with %u elements, expected %u to %u",
                           known_tag->name, count, known_tag->least, known_tag->most);
        *known = true;
        t->kind = known_tag->kind;
        t->left = count - 1;
        return 0;
    }
    if (!tag.len || tag.at[0] < 'a' || tag.at[0] > 'z')
        return err_set(e, STATUS_DATA,
                       "the tag \"%s\" is unknown, and its record must not be skipped: use "
                       "programs of one release",
                       reader_shown(tag, shown));
    r->skipped++;
    return 0;
}

enum read_result reader_next(struct reader *r, struct tagged *t, struct err *e)
{
    for (;;) {
        struct bytes record;
        bool known;
        enum read_result result = frame_in_next(r->frame, &record, e);
        if (result != READ_RECORD)
            return result;
        if (read_tag(r, record, t, &known, e)) {
            frame_in_at(r->frame, e);
            return READ_ERROR;
        }
        if (!known)
            continue;
        arena_begin(&r->arena, record.len);
        return READ_RECORD;
    }
}

/* A map of strings, kept as it is. */
static int read_attributes(struct cursor *c, struct attributes *a, struct err *e)
{
    struct cursor inside = *c;
    struct bytes text;
    uint32_t count;
    bool good = cursor_map(&inside, &count);
    for (uint64_t i = 0; good && i < 2 * (uint64_t)count; i++)
        good = cursor_str(&inside, &text);
    if (!good)
        return err_set(e, STATUS_DATA, "attributes are not a map of strings");
    cursor_value(c, CURSOR_DEPTH, &a->packed); /* it is whole */
    return 0;
}

int reader_named(struct tagged *t, int64_t next, struct named *named, struct err *e)
{
    const char *what = t->kind == RECORD_USER ? "user" : "item";
    int64_t id;
    *named = (struct named){0};
    if (!cursor_int(&t->c, 0, INT32_MAX - 1, &id))
        return err_set(e, STATUS_DATA, "the id of this %s is not a number from 0", what);
    if (id != next)
        return err_set(e, STATUS_DATA, "%s %lld where %lld comes next: ids count from 0", what,
                       (long long)id, (long long)next);
    if (!cursor_str(&t->c, &named->name))
        return err_set(e, STATUS_DATA, "the name of %s %lld is not a string", what, (long long)id);
    if (named->name.len > NAME_LIMIT)
        return err_set(e, STATUS_DATA, "the name of %s %lld has %zu bytes, the limit is %d", what,
                       (long long)id, named->name.len, NAME_LIMIT);
    named->id = (int32_t)id;
    return t->left > 2 ? read_attributes(&t->c, &named->attributes, e) : 0;
}

int reader_define(struct reader *r, struct tagged *t, struct named *named, struct err *e)
{
    bool is_user = t->kind == RECORD_USER, is_new;
    struct names *names = is_user ? &r->users : &r->items;
    char shown[SHOWN_NAME];
    if (reader_named(t, names_count(names), named, e))
        return e->status;
    int32_t id = names_add(names, named->name, &is_new);
    if (!is_new)
        return err_set(e, STATUS_DATA, "%s %d has the name of %d, \"%s\"",
                       is_user ? "user" : "item", named->id, id, reader_shown(named->name, shown));
    r->high[is_user ? HIGH_USER : HIGH_ITEM] = id;
    return 0;
}

int reader_epoch(struct tagged *t, struct epoch *epoch, struct err *e)
{
    int64_t part;
    if (!cursor_int(&t->c, 1, INT32_MAX, &epoch->number))
        return err_set(e, STATUS_DATA, "the epoch is not a number from 1");
    if (!cursor_int(&t->c, PART_TRAIN, PART_TEST, &part))
        return err_set(e, STATUS_DATA, "the part is not 1 (training), 2 (validation) or 3 (test)");
    epoch->part = (enum part)part;
    return 0;
}

int reader_fields(struct reader *r, struct tagged *t, const struct field *fields, void *record,
                  struct err *e)
{
    return fields_read(fields, record, &t->c, &r->arena, r->high, e);
}
