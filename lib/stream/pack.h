/* Packing by msgpack-c into a buffer; texts and typed arrays. */
#ifndef STREAM_PACK_H
#define STREAM_PACK_H

#include <msgpack.h>

#include "base/buf.h"
#include "base/records.h"

/* Packs a typed array as ext (little-endian). */
void pack_array(msgpack_packer *pk, enum column_type type, const void *at, size_t len);

void pack_text(msgpack_packer *pk, struct bytes text);

#endif
