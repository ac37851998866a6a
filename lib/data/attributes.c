#include "data/attributes.h"

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
