#include "nn/state.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { CHUNK = 1 << 18 }; /* bytes that pass between file and device at once */

enum mode { MEASURE, WRITE, READ };

struct state {
    enum mode mode;
    struct buf path; /* prefix of names */
    struct buf name; /* full name of the current array, with a NUL */
    VEC(struct safetensors_entry) entries;
    size_t next; /* writing: the next entry of the list */
    struct output_file *to;
    uint64_t data; /* writing: where the tensors begin */
    const struct safetensors *from;
    VEC(bool) used; /* restoring: which of the file's entries the list has read */
    size_t near[9]; /* restoring: by size of element, the likely next entry */
    XXH3_state_t *hash;
    char *chunk;
    struct err *e;
    int status;
};

static const char hash_name[] = "hash"; /* hash of all arrays of the list, in order */

/* ---- names ---- */

void state_begin(struct state *s, const char *name)
{
    buf_text(&s->path, name);
    buf_byte(&s->path, '.');
}

void state_end(struct state *s)
{
    s->path.len--;
    while (s->path.len && s->path.at[s->path.len - 1] != '.')
        s->path.len--;
}

static const char *full_name(struct state *s, const char *name)
{
    buf_clear(&s->name);
    buf_append(&s->name, s->path.at, s->path.len);
    buf_text(&s->name, name);
    buf_byte(&s->name, 0);
    return s->name.at;
}

/* ---- failures ---- */

bool state_restoring(const struct state *s)
{
    return s->mode == READ;
}

bool state_good(const struct state *s)
{
    return !s->status;
}

static void fail(struct state *s, const char *what)
{
    if (s->status)
        return;
    s->status = err_set(s->e, STATUS_DATA, "%s: %s", s->name.at, what);
    err_at(s->e, "%s", s->from->path);
}

void state_refuse(struct state *s, const char *name, const char *what)
{
    full_name(s, name);
    fail(s, what);
}

/* ---- the bytes of one array ---- */

static size_t element_size(const char *type)
{
    struct safetensors_entry one = {.type = type};
    return (size_t)safetensors_bytes(&one);
}

static void hash_name_of(struct state *s)
{
    XXH3_64bits_update(s->hash, s->name.at, s->name.len);
}

static void measure(struct state *s, const char *type, int dims, const int64_t *shape)
{
    struct safetensors_entry entry = {.type = type, .dims = dims};
    entry.name = mem_copy(s->name.at, s->name.len - 1);
    for (int i = 0; i < dims; i++)
        entry.shape[i] = shape[i];
    vec_push(&s->entries, entry);
}

static const struct safetensors_entry *find(struct state *s, const char *type, int dims,
                                            const int64_t *shape)
{
    size_t *near = &s->near[element_size(type)]; /* entries of one size are in the list's order */
    const struct safetensors_entry *entry =
        *near < s->from->entries.len ? &s->from->entries.at[*near] : NULL;
    if (!entry || strcmp(entry->name, s->name.at))
        entry = safetensors_find(s->from, s->name.at);
    if (!entry) {
        fail(s, "is missing");
        return NULL;
    }
    *near = (size_t)(entry - s->from->entries.at) + 1;
    bool fits = entry->dims == dims;
    for (int i = 0; fits && i < dims; i++)
        fits = shape[i] < 0 || entry->shape[i] == shape[i];
    if (strcmp(entry->type, type))
        fail(s, "is of another type");
    else if (!fits)
        fail(s, "has another shape");
    s->used.at[entry - s->from->entries.at] = true;
    return s->status ? NULL : entry;
}

/* Copies the array between the file and its variable, a chunk at a time. */
static void carry(struct state *s, const struct safetensors_entry *entry, struct device *d,
                  char *at)
{
    size_t size = (size_t)safetensors_bytes(entry);
    hash_name_of(s);
    if (s->mode == WRITE && lseek(s->to->fd, (off_t)(s->data + entry->begin), SEEK_SET) < 0)
        s->status = err_set(s->e, STATUS_IO, "cannot write %s", s->to->path);
    for (size_t done = 0; done < size && !s->status; done += CHUNK) {
        size_t n = size - done < CHUNK ? size - done : CHUNK;
        char *bytes = d ? s->chunk : at + done;
        if (s->mode == WRITE && d)
            d->op->download(d, bytes, at + done, n);
        s->status = s->mode == WRITE ? output_file_write(s->to, bytes, n, s->e)
                                     : safetensors_read(s->from, entry, done, bytes, n, s->e);
        XXH3_64bits_update(s->hash, bytes, n);
        if (s->mode == READ && d && !s->status)
            d->op->upload(d, at + done, bytes, n);
    }
}

/* Handles the next array of the list.  False: its variable was not filled. */
static bool pass(struct state *s, const char *name, const char *type, int dims,
                 const int64_t *shape, struct device *d, void *at)
{
    const struct safetensors_entry *entry = NULL;
    if (s->status)
        return false;
    full_name(s, name);
    switch (s->mode) {
    case MEASURE:
        measure(s, type, dims, shape);
        return false;
    case WRITE:
        entry = &s->entries.at[s->next++];
        break;
    case READ:
        entry = find(s, type, dims, shape);
        break;
    }
    if (entry)
        carry(s, entry, d, at);
    return s->mode == READ && !s->status;
}

/* ---- elements of lists ---- */

/* Checks a restored number; outside the bounds it sets the failure. */
static bool inside(struct state *s, int64_t x, int64_t low, int64_t high)
{
    char what[100];
    if (x >= low && x <= high)
        return true;
    snprintf(what, sizeof what, "%" PRId64 " is not from %" PRId64 " to %" PRId64, x, low, high);
    fail(s, what);
    return false;
}

void state_i64(struct state *s, const char *name, int64_t *x, int64_t low, int64_t high)
{
    int64_t value = *x;
    if (pass(s, name, "I64", 0, NULL, NULL, &value) && inside(s, value, low, high))
        *x = value;
}

void state_i32(struct state *s, const char *name, int32_t *x, int32_t low, int32_t high)
{
    int64_t value = *x;
    state_i64(s, name, &value, low, high);
    *x = (int32_t)value;
}

void state_flag(struct state *s, const char *name, bool *x)
{
    int64_t value = *x;
    state_i64(s, name, &value, 0, 1);
    *x = value;
}

void state_f64(struct state *s, const char *name, double *x)
{
    double value = *x;
    if (!pass(s, name, "F64", 0, NULL, NULL, &value))
        return;
    if (isnan(value))
        fail(s, "is no number");
    else
        *x = value;
}

/* Length of the array of that name: in the file when restoring, else `now`. */
static int64_t length_of(struct state *s, const char *name, const char *type, size_t now)
{
    if (s->mode != READ || s->status)
        return (int64_t)now;
    full_name(s, name);
    const struct safetensors_entry *entry = find(s, type, 1, (const int64_t[]){-1});
    return entry ? entry->shape[0] : 0;
}

/* The kinds of arrays differ only in their element. */
#define PASS_VEC(s, name, type, v)                                                                 \
    do {                                                                                           \
        int64_t n_ = length_of(s, name, type, (v)->len);                                           \
        if ((s)->mode == READ) {                                                                   \
            vec_clear(v);                                                                          \
            vec_reserve(v, (size_t)n_);                                                            \
        }                                                                                          \
        if (pass(s, name, type, 1, &n_, NULL, (v)->at))                                            \
            (v)->len = (size_t)n_;                                                                 \
    } while (0)

void state_i32s(struct state *s, const char *name, i32_vec *v, int32_t low, int32_t high)
{
    PASS_VEC(s, name, "I32", v);
    for (size_t i = 0; s->mode == READ && i < v->len && inside(s, v->at[i], low, high);)
        i++;
}

void state_i64s(struct state *s, const char *name, i64_vec *v, int64_t low, int64_t high)
{
    PASS_VEC(s, name, "I64", v);
    for (size_t i = 0; s->mode == READ && i < v->len && inside(s, v->at[i], low, high);)
        i++;
}

void state_f32s(struct state *s, const char *name, f32_vec *v)
{
    PASS_VEC(s, name, "F32", v);
}

void state_bytes(struct state *s, const char *name, struct buf *b)
{
    int64_t n = length_of(s, name, "U8", b->len);
    if (s->mode == READ) {
        buf_clear(b);
        buf_reserve(b, (size_t)n);
    }
    if (pass(s, name, "U8", 1, &n, NULL, b->at))
        b->len = (size_t)n;
}

void state_floats(struct state *s, const char *name, int dims, const int64_t *shape,
                  struct device *d, float *at)
{
    pass(s, name, "F32", dims, shape, d, at);
}

void state_ints(struct state *s, const char *name, int64_t count, struct device *d, int32_t *at)
{
    pass(s, name, "I32", 1, &count, d, at);
}

/* ---- whole files ---- */

static void open_state(struct state *s, struct err *e)
{
    *s = (struct state){.e = e, .hash = mem_aligned(sizeof *s->hash), .chunk = mem_alloc(CHUNK)};
    XXH3_64bits_reset(s->hash);
}

static void close_state(struct state *s)
{
    for (size_t i = 0; i < s->entries.len; i++)
        mem_free(s->entries.at[i].name);
    vec_release(&s->entries);
    vec_release(&s->used);
    buf_release(&s->path);
    buf_release(&s->name);
    mem_free(s->hash);
    mem_free(s->chunk);
}

/* The hash of the arrays so far, as a number that can be listed. */
static int64_t digest(struct state *s)
{
    uint64_t hash = XXH3_64bits_digest(s->hash);
    int64_t number;
    memcpy(&number, &hash, sizeof number);
    return number;
}

/* Places every array, the widest type first, so that elements are aligned. */
static void place(struct state *s)
{
    uint64_t at = 0;
    for (size_t size = 8; size; size /= 2)
        for (size_t i = 0; i < s->entries.len; i++) {
            struct safetensors_entry *entry = &s->entries.at[i];
            if (element_size(entry->type) != size)
                continue;
            entry->begin = at;
            entry->end = at += safetensors_bytes(entry);
        }
}

int state_write(struct output_file *to, const struct safetensors_text *texts, int text_count,
                state_list *list, void *of, struct err *e)
{
    struct state s;
    int64_t hash = 0;
    open_state(&s, e);
    s.to = to;
    list(of, &s);
    state_i64(&s, hash_name, &hash, INT64_MIN, INT64_MAX);
    place(&s);
    s.status =
        safetensors_head(to, texts, text_count, s.entries.at, (int)s.entries.len, &s.data, e);
    s.mode = WRITE;
    list(of, &s);
    hash = digest(&s);
    state_i64(&s, hash_name, &hash, INT64_MIN, INT64_MAX);
    close_state(&s);
    return s.status;
}

static void check_all_used(struct state *s)
{
    for (size_t i = 0; i < s->used.len; i++) {
        if (s->used.at[i])
            continue;
        buf_clear(&s->path);
        state_refuse(s, s->from->entries.at[i].name, "this run has no such state");
    }
}

int state_read(const struct safetensors *from, state_list *list, void *of, struct err *e)
{
    struct state s;
    int64_t hash = 0;
    open_state(&s, e);
    s.mode = READ;
    s.from = from;
    for (size_t i = 0; i < from->entries.len; i++)
        vec_push(&s.used, false);
    list(of, &s);
    int64_t expected = digest(&s);
    state_i64(&s, hash_name, &hash, INT64_MIN, INT64_MAX);
    check_all_used(&s);
    if (state_good(&s) && hash != expected)
        state_refuse(&s, hash_name, "the bytes do not fit it: the file was changed");
    close_state(&s);
    return s.status;
}
