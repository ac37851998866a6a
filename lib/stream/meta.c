#include "stream/meta.h"

#include <msgpack.h>

#include "base/names.h"
#include "base/records.h"
#include "stream/cursor.h"
#include "stream/pack.h"

const char *const stream_kind_name[3] = {"sessions", "batches", "predictions"};

static int kind_of(struct bytes name)
{
    for (int kind = 0; kind < 3; kind++)
        if (bytes_equal(name, bytes_of(stream_kind_name[kind])))
            return kind;
    return -1;
}

bool meta_is_program(struct bytes packed)
{
    struct cursor c = cursor_of(packed);
    struct bytes text;
    uint32_t count;
    return cursor_array(&c, &count) && count == 3 && cursor_str(&c, &text) &&
           cursor_str(&c, &text) && cursor_map(&c, &count);
}

static void append_packed(struct meta *m, struct bytes packed)
{
    struct buf copy = {0};
    buf_append(&copy, packed.at, packed.len);
    vec_push(&m->pipeline, copy);
}

static int parse_pipeline(struct meta *m, struct bytes value, struct err *e)
{
    struct cursor c = cursor_of(value);
    uint32_t count;
    bool good = cursor_array(&c, &count);
    for (uint32_t i = 0; good && i < count; i++) {
        struct bytes program = {0};
        cursor_value(&c, CURSOR_DEPTH, &program);
        good = meta_is_program(program);
        if (good)
            append_packed(m, program);
    }
    return good ? 0
                : err_set(e, STATUS_DATA,
                          "header: pipeline is not a list of [program, version, {options}]");
}

static int parse_entry(struct meta *m, bool *has_kind, struct bytes key, struct bytes value,
                       struct err *e)
{
    struct cursor c = cursor_of(value);
    if (bytes_equal(key, bytes_of("kind"))) {
        struct bytes name = {0};
        int kind = cursor_str(&c, &name) ? kind_of(name) : -1;
        if (kind < 0)
            return err_set(e, STATUS_DATA,
                           "header: kind is not \"sessions\", \"batches\" or \"predictions\"");
        m->kind = (enum stream_kind)kind;
        *has_kind = true;
        return 0;
    }
    if (bytes_equal(key, bytes_of("minor")))
        return cursor_int(&c, 0, INT32_MAX, &m->minor)
                   ? 0
                   : err_set(e, STATUS_DATA, "header: minor is not a number");
    if (bytes_equal(key, bytes_of("pipeline")))
        return parse_pipeline(m, value, e);
    struct meta_entry entry = {.key = mem_copy(key.at, key.len)};
    buf_append(&entry.value, value.at, value.len);
    vec_push(&m->entries, entry);
    return 0;
}

static int parse_entries(struct meta *m, struct cursor *c, uint32_t count, struct names *keys,
                         struct err *e)
{
    bool has_kind = false;
    for (uint32_t i = 0; i < count; i++) {
        struct bytes key, value;
        bool is_new;
        if (!cursor_str(c, &key) || memchr(key.at, 0, key.len))
            return err_set(e, STATUS_DATA, "header: key %u of the map is not a string", i);
        if (!cursor_value(c, CURSOR_DEPTH - 1, &value))
            return err_set(e, STATUS_DATA, "header: the value of key %u is cut or nested too deep",
                           i);
        names_add(keys, key, &is_new);
        if (!is_new)
            return err_set(e, STATUS_DATA, "header: key %u is there twice", i);
        if (parse_entry(m, &has_kind, key, value, e))
            return e->status;
    }
    if (!has_kind)
        return err_set(e, STATUS_DATA, "header: no kind");
    return 0;
}

int meta_parse(struct meta *m, struct bytes packed, struct err *e)
{
    *m = (struct meta){0};
    struct cursor c = cursor_of(packed);
    uint32_t count;
    if (!cursor_map(&c, &count))
        return err_set(e, STATUS_DATA, "header: not a map");
    struct names keys = {0};
    int status = parse_entries(m, &c, count, &keys, e);
    names_release(&keys);
    if (!status && c.at != c.end)
        status = err_set(e, STATUS_DATA, "header: bytes after the map");
    if (status)
        meta_release(m);
    return status;
}

int meta_pack(const struct meta *m, struct buf *to, struct err *e)
{
    size_t before = to->len;
    msgpack_packer pk;
    msgpack_packer_init(&pk, to, buf_write);
    msgpack_pack_map(&pk, 3 + m->entries.len);
    pack_text(&pk, bytes_of("kind"));
    pack_text(&pk, bytes_of(stream_kind_name[m->kind]));
    pack_text(&pk, bytes_of("minor"));
    msgpack_pack_int64(&pk, m->minor);
    pack_text(&pk, bytes_of("pipeline"));
    msgpack_pack_array(&pk, m->pipeline.len);
    for (size_t i = 0; i < m->pipeline.len; i++)
        buf_append(to, m->pipeline.at[i].at, m->pipeline.at[i].len);
    for (size_t i = 0; i < m->entries.len; i++) {
        pack_text(&pk, bytes_of(m->entries.at[i].key));
        buf_append(to, m->entries.at[i].value.at, m->entries.at[i].value.len);
    }
    if (to->len - before > META_LIMIT)
        return err_set(e, STATUS_DATA,
                       "the stream's header would have %zu bytes, above the limit of %d: shorten "
                       "the options of the pipeline",
                       to->len - before, META_LIMIT);
    return 0;
}

void meta_copy(struct meta *to, const struct meta *from)
{
    *to = (struct meta){.kind = from->kind, .minor = from->minor};
    for (size_t i = 0; i < from->pipeline.len; i++)
        append_packed(to, (struct bytes){from->pipeline.at[i].at, from->pipeline.at[i].len});
    for (size_t i = 0; i < from->entries.len; i++)
        meta_set(to, from->entries.at[i].key,
                 (struct bytes){from->entries.at[i].value.at, from->entries.at[i].value.len});
}

void meta_release(struct meta *m)
{
    for (size_t i = 0; i < m->pipeline.len; i++)
        buf_release(&m->pipeline.at[i]);
    for (size_t i = 0; i < m->entries.len; i++) {
        mem_free(m->entries.at[i].key);
        buf_release(&m->entries.at[i].value);
    }
    vec_release(&m->pipeline);
    vec_release(&m->entries);
    *m = (struct meta){0};
}

void meta_add_program(struct meta *m, const char *program, const char *version,
                      struct bytes options)
{
    struct buf packed = {0};
    msgpack_packer pk;
    msgpack_packer_init(&pk, &packed, buf_write);
    msgpack_pack_array(&pk, 3);
    pack_text(&pk, bytes_of(program));
    pack_text(&pk, bytes_of(version));
    if (options.len)
        buf_append(&packed, options.at, options.len);
    else
        msgpack_pack_map(&pk, 0);
    vec_push(&m->pipeline, packed);
}

static struct meta_entry *entry_of(const struct meta *m, const char *key)
{
    for (size_t i = 0; i < m->entries.len; i++)
        if (!strcmp(m->entries.at[i].key, key))
            return &m->entries.at[i];
    return NULL;
}

struct bytes meta_find(const struct meta *m, const char *key)
{
    const struct meta_entry *entry = entry_of(m, key);
    return entry ? (struct bytes){entry->value.at, entry->value.len} : (struct bytes){0};
}

void meta_set(struct meta *m, const char *key, struct bytes packed)
{
    struct meta_entry *entry = entry_of(m, key);
    if (!entry) {
        struct meta_entry new = {.key = mem_copy(key, strlen(key))};
        vec_push(&m->entries, new);
        entry = &m->entries.at[m->entries.len - 1];
    }
    struct buf value = {0};
    buf_append(&value, packed.at, packed.len);
    buf_release(&entry->value);
    entry->value = value;
}

static msgpack_packer packer_to(struct buf *to)
{
    msgpack_packer pk;
    msgpack_packer_init(&pk, to, buf_write);
    return pk;
}

static void set_and_release(struct meta *m, const char *key, struct buf *value)
{
    meta_set(m, key, (struct bytes){value->at, value->len});
    buf_release(value);
}

void meta_set_int(struct meta *m, const char *key, int64_t value)
{
    struct buf packed = {0};
    msgpack_packer pk = packer_to(&packed);
    msgpack_pack_int64(&pk, value);
    set_and_release(m, key, &packed);
}

void meta_set_bool(struct meta *m, const char *key, int value)
{
    struct buf packed = {0};
    msgpack_packer pk = packer_to(&packed);
    if (value)
        msgpack_pack_true(&pk);
    else
        msgpack_pack_false(&pk);
    set_and_release(m, key, &packed);
}

void meta_set_text(struct meta *m, const char *key, const char *value)
{
    struct buf packed = {0};
    msgpack_packer pk = packer_to(&packed);
    pack_text(&pk, bytes_of(value));
    set_and_release(m, key, &packed);
}

void meta_set_i64s(struct meta *m, const char *key, const int64_t *at, size_t len)
{
    struct buf packed = {0};
    msgpack_packer pk = packer_to(&packed);
    pack_array(&pk, COLUMN_I64, at, len);
    set_and_release(m, key, &packed);
}

/* Whether the key is there; then *t is its value's token. */
static bool get(const struct meta *m, const char *key, struct token *t)
{
    struct cursor c = cursor_of(meta_find(m, key));
    return cursor_next(&c, t);
}

static int wrong_type(const char *key, const char *expected, struct err *e)
{
    return err_set(e, STATUS_DATA, "header: \"%s\" is not %s", key, expected);
}

int meta_get_int(const struct meta *m, const char *key, int64_t *value, struct err *e)
{
    struct token t;
    if (!get(m, key, &t))
        return 0;
    if (t.kind != TOKEN_INT)
        return wrong_type(key, "an integer", e);
    *value = t.i;
    return 0;
}

int meta_get_bool(const struct meta *m, const char *key, int *value, struct err *e)
{
    struct token t;
    if (!get(m, key, &t))
        return 0;
    if (t.kind != TOKEN_BOOL)
        return wrong_type(key, "true or false", e);
    *value = t.boolean;
    return 0;
}

int meta_get_i64s(const struct meta *m, const char *key, i64_vec *value, struct err *e)
{
    struct token t;
    if (!get(m, key, &t))
        return 0;
    if (t.kind != TOKEN_EXT || t.type != COLUMN_I64 || t.bytes.len % sizeof(int64_t))
        return wrong_type(key, "an array of int64", e);
    vec_clear(value);
    vec_append(value, t.bytes.at, t.bytes.len / sizeof(int64_t));
    return 0;
}
