#include "stream/attributes.h"

#include "stream/record.h"

void attributes_pack(struct buf *to, const struct attribute *pairs, size_t count)
{
    size_t filled = 0;
    for (size_t i = 0; i < count; i++)
        filled += pairs[i].value.len > 0;
    if (!filled)
        return;
    msgpack_packer packer;
    msgpack_packer_init(&packer, to, buf_write);
    msgpack_pack_map(&packer, filled);
    for (size_t i = 0; i < count; i++) {
        if (!pairs[i].value.len)
            continue;
        pack_text(&packer, bytes_of(pairs[i].key));
        pack_text(&packer, pairs[i].value);
    }
}

/* The reader has checked that all are strings. */
static void next_pair(struct cursor *c, struct bytes *name, struct bytes *value)
{
    cursor_str(c, name);
    cursor_str(c, value);
}

void attributes_set(struct buf *to, struct attributes a, const char *key, const char *text)
{
    uint32_t pairs = 0, kept = 0;
    struct cursor c = cursor_of(a.packed), from;
    struct bytes name = {0}, value = {0};
    cursor_map(&c, &pairs);
    from = c;
    for (uint32_t i = 0; i < pairs; i++) {
        next_pair(&c, &name, &value);
        kept += !bytes_equal(name, bytes_of(key));
    }

    msgpack_packer pk;
    msgpack_packer_init(&pk, to, buf_write);
    msgpack_pack_map(&pk, kept + 1);
    for (uint32_t i = 0; i < pairs; i++) {
        next_pair(&from, &name, &value);
        if (bytes_equal(name, bytes_of(key)))
            continue;
        pack_text(&pk, name);
        pack_text(&pk, value);
    }
    pack_text(&pk, bytes_of(key));
    pack_text(&pk, bytes_of(text));
}
