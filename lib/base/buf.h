/* Growing arrays: bytes (struct buf) and anything (VEC). */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

/* A run of bytes that its user does not own; not NUL-terminated. */
struct bytes {
    const char *at;
    size_t len;
};

static inline struct bytes bytes_of(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

/* Names are short: those of 8 to 64 bytes are compared here, by eights, the last of which overlap.
 */
static inline int bytes_equal(struct bytes a, struct bytes b)
{
    uint64_t x, y;
    if (a.len != b.len)
        return 0;
    if (a.len < sizeof x || a.len > 64)
        return a.len == 0 || memcmp(a.at, b.at, a.len) == 0;
    size_t last = a.len - sizeof x;
    for (size_t i = 0; i < last; i += sizeof x) {
        memcpy(&x, a.at + i, sizeof x);
        memcpy(&y, b.at + i, sizeof y);
        if (x != y)
            return 0;
    }
    memcpy(&x, a.at + last, sizeof x);
    memcpy(&y, b.at + last, sizeof y);
    return x == y;
}

/* As strcmp, for bytes. */
static inline int bytes_compare(struct bytes a, struct bytes b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.at, b.at, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* A growing run of bytes; {0} is an empty one. */
struct buf {
    char *at;
    size_t len, cap;
};

void buf_reserve(struct buf *b, size_t more); /* room for `more` bytes after len */
void buf_text(struct buf *b, const char *text);
void buf_whole(struct buf *b, int32_t value);    /* as "%d" */
void buf_six_digits(struct buf *b, float value); /* as "%.6g" */
void buf_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_release(struct buf *b); /* frees; b is {0} again */

/* buf_append in the form of msgpack-c's writers: `msgpack_packer_init(&pk, b, buf_write)`. */
int buf_write(void *b, const char *bytes, size_t n);

static inline void buf_clear(struct buf *b) /* empties, keeps the memory */
{
    b->len = 0;
}

static inline void buf_append(struct buf *b, const void *bytes, size_t n)
{
    if (!n)
        return;
    if (b->cap - b->len < n)
        buf_reserve(b, n);
    memcpy(b->at + b->len, bytes, n);
    b->len += n;
}

static inline void buf_byte(struct buf *b, char c)
{
    if (b->len == b->cap)
        buf_reserve(b, 1);
    b->at[b->len++] = c;
}

/* A growing array of T: `VEC(int32_t) ids = {0}; vec_push(&ids, 7); vec_release(&ids)`. */
#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *at;                                                                                     \
        size_t len, cap;                                                                           \
    }

#define vec_reserve(v, more)                                                                       \
    ((v)->cap - (v)->len >= (size_t)(more)                                                         \
         ? (void)0                                                                                 \
         : (void)((v)->at =                                                                        \
                      vec_grown((v)->at, &(v)->cap, (v)->len + (size_t)(more), sizeof *(v)->at)))
#define vec_push(v, x) (vec_reserve(v, 1), (v)->at[(v)->len++] = (x))
#define vec_append(v, from, n)                                                                     \
    (vec_reserve(v, n),                                                                            \
     (void)((n) ? memcpy((v)->at + (v)->len, from, (n) * sizeof *(v)->at) : NULL),                 \
     (v)->len += (n))
#define vec_clear(v)   ((v)->len = 0)
#define vec_release(v) (mem_free((v)->at), (v)->at = NULL, (v)->len = (v)->cap = 0)

/* p with room for at least `need` elements; *cap is set to the room there is. */
void *vec_grown(void *p, size_t *cap, size_t need, size_t size);

typedef VEC(int32_t) i32_vec;
typedef VEC(int64_t) i64_vec;
typedef VEC(float) f32_vec;

#endif
