#include "stream/reader.h"

struct bytes attributes_find(struct attributes a, const char *key)
{
    struct cursor c = cursor_of(a.packed);
    struct bytes name = {0}, value = {0};
    uint32_t count = 0;
    cursor_map(&c, &count);
    while (count--) {
        cursor_str(&c, &name); /* the reader has checked that all are strings */
        cursor_str(&c, &value);
        if (bytes_equal(name, bytes_of(key)))
            return value;
    }
    return (struct bytes){0};
}

static int write_named(struct frame_out *out, const char *tag, int32_t id, struct bytes name,
                       struct attributes a, struct err *e)
{
    char shown[SHOWN_NAME];
    if (name.len > NAME_LIMIT)
        return err_set(e, STATUS_DATA, "the name of %s \"%s\" has %zu bytes, the limit is %d", tag,
                       reader_shown(name, shown), name.len, NAME_LIMIT);
    msgpack_packer *pk = frame_out_record(out);
    msgpack_pack_array(pk, a.packed.len ? 4 : 3);
    pack_text(pk, bytes_of(tag));
    msgpack_pack_int32(pk, id);
    pack_text(pk, name);
    buf_append(&out->block, a.packed.at, a.packed.len);
    return frame_out_commit(out, e);
}

int write_user(struct frame_out *out, int32_t id, struct bytes name, struct attributes a,
               struct err *e)
{
    return write_named(out, "user", id, name, a, e);
}

int write_item(struct frame_out *out, int32_t id, struct bytes name, struct attributes a,
               struct err *e)
{
    return write_named(out, "item", id, name, a, e);
}

int write_epoch(struct frame_out *out, struct epoch epoch, struct err *e)
{
    msgpack_packer *pk = frame_out_record(out);
    msgpack_pack_array(pk, 3);
    pack_text(pk, bytes_of("epoch"));
    msgpack_pack_int64(pk, epoch.number);
    msgpack_pack_int(pk, (int)epoch.part);
    return frame_out_commit(out, e);
}

int write_fields(struct frame_out *out, const char *tag, const struct field *fields,
                 const void *record, struct err *e)
{
    msgpack_packer *pk = frame_out_record(out);
    msgpack_pack_array(pk, 2);
    pack_text(pk, bytes_of(tag));
    fields_pack(fields, record, pk);
    return frame_out_commit(out, e);
}
