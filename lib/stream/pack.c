#include "stream/pack.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "typed arrays are little-endian: a big-endian machine has to swap them here and in fields.c"
#endif

void pack_array(msgpack_packer *pk, enum column_type type, const void *at, size_t len)
{
    size_t n = len * column_size(type);
    msgpack_pack_ext(pk, n, (int8_t)type);
    msgpack_pack_ext_body(pk, n ? at : "", n);
}

void pack_text(msgpack_packer *pk, struct bytes text)
{
    msgpack_pack_str(pk, text.len);
    msgpack_pack_str_body(pk, text.len ? text.at : "", text.len);
}
