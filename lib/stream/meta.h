/* The header's map: the kind of a stream, the chain of programs that made it, and the kind's own
 * keys.  Values are kept as MessagePack bytes, so that a program passes on what it does not know.
 */
#ifndef STREAM_META_H
#define STREAM_META_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum stream_kind { STREAM_SESSIONS, STREAM_BATCHES, STREAM_PREDICTIONS };
extern const char *const stream_kind_name[3]; /* "sessions", "batches", "predictions" */

enum { STREAM_MAJOR = 2, STREAM_MINOR = 0, META_LIMIT = 65535 };

struct meta_entry {
    char *key;
    struct buf value; /* one MessagePack value */
};

struct meta {
    enum stream_kind kind;
    int64_t minor;
    VEC(struct buf)
    pipeline; /* each one packed [program, version, {option: value}], oldest first */
    VEC(struct meta_entry) entries; /* the kind's own keys, in order */
};

/* Reads the bytes of a header's bin.  65: not such a map. */
int meta_parse(struct meta *m, struct bytes packed, struct err *e);

/* Appends the packed map to `to`.  65: above META_LIMIT. */
int meta_pack(const struct meta *m, struct buf *to, struct err *e);

/* A deep copy, from which a program makes its own header. */
void meta_copy(struct meta *to, const struct meta *from);
void meta_release(struct meta *m);

/* Appends [program, version, options]; `options` is a packed map (cli_options_packed). */
void meta_add_program(struct meta *m, const char *program, const char *version,
                      struct bytes options);

/* Whether the bytes are a packed [program, version, {option: value}]. */
bool meta_is_program(struct bytes packed);

/* The packed value of one of the kind's keys, or {NULL, 0}. */
struct bytes meta_find(const struct meta *m, const char *key);

/* Sets a key, replacing its value. */
void meta_set(struct meta *m, const char *key, struct bytes packed);
void meta_set_int(struct meta *m, const char *key, int64_t value);
void meta_set_bool(struct meta *m, const char *key, int value);
void meta_set_text(struct meta *m, const char *key, const char *value);
void meta_set_i64s(struct meta *m, const char *key, const int64_t *at, size_t len); /* ext 2 */

/* Reads a key; `value` keeps what it held (the default) where the key is missing.  65: another
 * type. */
int meta_get_int(const struct meta *m, const char *key, int64_t *value, struct err *e);
int meta_get_bool(const struct meta *m, const char *key, int *value, struct err *e);
int meta_get_i64s(const struct meta *m, const char *key, i64_vec *value, struct err *e);

#endif
