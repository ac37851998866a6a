#include "nn/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/descriptor.h"
#include "base/json.h"
#include "base/output_file.h"

static const struct {
    const char *name;
    unsigned size;
} types[] = {
    {"F32", 4}, {"U8", 1},   {"I32", 4}, {"I64", 8},     {"BOOL", 1},
    {"I8", 1},  {"I16", 2},  {"U16", 2}, {"U32", 4},     {"U64", 8},
    {"F16", 2}, {"BF16", 2}, {"F64", 8}, {"F8_E4M3", 1}, {"F8_E5M2", 1},
};
enum { TYPES = sizeof types / sizeof *types };

/* Of the tensors, and of the texts beside. */
static const char hash_key[] = "xxh3", texts_hash_key[] = "xxh3_metadata";

static int type_of(struct bytes name)
{
    for (int i = 0; i < TYPES; i++)
        if (bytes_equal(name, bytes_of(types[i].name)))
            return i;
    return -1;
}

/* Bytes of that shape; UINT64_MAX where no file is that large. */
static uint64_t shape_bytes(const struct safetensors_entry *e)
{
    uint64_t bytes = types[type_of(bytes_of(e->type))].size;
    for (int i = 0; i < e->dims; i++) {
        uint64_t n = (uint64_t)e->shape[i];
        if (n && bytes > (UINT64_MAX >> 2) / n)
            return UINT64_MAX;
        bytes *= n;
    }
    return bytes;
}

uint64_t safetensors_bytes(const struct safetensors_entry *e)
{
    return shape_bytes(e);
}

/* ---- writing ---- */

static void pack_header(struct buf *to, const struct safetensors_text *texts, int text_count,
                        const struct safetensors_entry *entries, int entry_count)
{
    buf_text(to, "{\"__metadata__\":{");
    for (int i = 0; i < text_count; i++) {
        buf_text(to, i ? "," : "");
        json_text(to, bytes_of(texts[i].key));
        buf_byte(to, ':');
        json_text(to, (struct bytes){texts[i].value.at, texts[i].value.len});
    }
    buf_byte(to, '}');
    for (int i = 0; i < entry_count; i++) {
        const struct safetensors_entry *e = &entries[i];
        buf_byte(to, ',');
        json_text(to, bytes_of(e->name));
        buf_format(to, ":{\"dtype\":\"%s\",\"shape\":[", e->type);
        for (int d = 0; d < e->dims; d++)
            buf_format(to, "%s%" PRId64, d ? "," : "", e->shape[d]);
        buf_format(to, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", e->begin, e->end);
    }
    buf_byte(to, '}');
    while (to->len % 8) /* so that the tensors are aligned */
        buf_byte(to, ' ');
}

int safetensors_head(struct output_file *to, const struct safetensors_text *texts, int text_count,
                     const struct safetensors_entry *entries, int entry_count, uint64_t *data,
                     struct err *e)
{
    struct buf header = {0};
    unsigned char length[8];
    pack_header(&header, texts, text_count, entries, entry_count);
    *data = sizeof length + header.len;
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)header.len >> 8 * i);
    int status = output_file_write(to, length, sizeof length, e);
    if (!status)
        status = output_file_write(to, header.at, header.len, e);
    buf_release(&header);
    return status;
}

static bool is_hash(const struct safetensors_text *text)
{
    return !strcmp(text->key, hash_key) || !strcmp(text->key, texts_hash_key);
}

static int by_key(const void *a, const void *b)
{
    const struct safetensors_text *const *x = a, *const *y = b;
    return strcmp((*x)->key, (*y)->key);
}

/* Appends the digits of the hash of the other texts, in order of their keys, so that a program that
 * writes the header anew and changes none leaves it true: each key and its value, a NUL after each.
 */
static void hash_texts(struct buf *to, const struct safetensors_text *texts, size_t count)
{
    VEC(const struct safetensors_text *) sorted = {0};
    XXH3_state_t *hash = mem_aligned(sizeof *hash);
    XXH3_64bits_reset(hash);
    for (size_t i = 0; i < count; i++)
        if (!is_hash(&texts[i]))
            vec_push(&sorted, &texts[i]);
    if (sorted.len)
        qsort(sorted.at, sorted.len, sizeof *sorted.at, by_key);
    for (size_t i = 0; i < sorted.len; i++) {
        XXH3_64bits_update(hash, sorted.at[i]->key, strlen(sorted.at[i]->key) + 1);
        XXH3_64bits_update(hash, sorted.at[i]->value.at, sorted.at[i]->value.len);
        XXH3_64bits_update(hash, "", 1);
    }
    buf_format(to, "%016" PRIx64, (uint64_t)XXH3_64bits_digest(hash));
    mem_free(hash);
    vec_release(&sorted);
}

/* Appends the digits of the hash of all tensors, end to end. */
static void hash_entries(struct buf *to, const struct safetensors_entry *entries, int entry_count)
{
    XXH3_state_t *hash = mem_aligned(sizeof *hash);
    XXH3_64bits_reset(hash);
    for (int i = 0; i < entry_count; i++)
        XXH3_64bits_update(hash, entries[i].at, (size_t)shape_bytes(&entries[i]));
    buf_format(to, "%016" PRIx64, (uint64_t)XXH3_64bits_digest(hash));
    mem_free(hash);
}

int safetensors_put(struct output_file *to, const struct safetensors_text *texts, int text_count,
                    struct safetensors_entry *entries, int entry_count, struct err *e)
{
    uint64_t at = 0;
    VEC(struct safetensors_text) all = {0};
    struct safetensors_text hash = {.key = (char *)hash_key};
    struct safetensors_text texts_hash = {.key = (char *)texts_hash_key};
    for (int i = 0; i < entry_count; i++) {
        entries[i].begin = at;
        entries[i].end = at += shape_bytes(&entries[i]);
    }
    hash_entries(&hash.value, entries, entry_count);
    for (int i = 0; i < text_count; i++)
        if (!is_hash(&texts[i]))
            vec_push(&all, texts[i]);
    hash_texts(&texts_hash.value, all.at, all.len);
    vec_push(&all, hash);
    vec_push(&all, texts_hash);
    int status = safetensors_head(to, all.at, (int)all.len, entries, entry_count, &at, e);
    vec_release(&all);
    buf_release(&hash.value);
    buf_release(&texts_hash.value);
    for (int i = 0; i < entry_count && !status; i++)
        status = output_file_write(to, entries[i].at, shape_bytes(&entries[i]), e);
    return status;
}

int safetensors_write(const char *path, const struct safetensors_text *texts, int text_count,
                      struct safetensors_entry *entries, int entry_count, struct err *e)
{
    struct output_file sink;
    if (output_file_open(&sink, path, e))
        return e->status;
    if (!safetensors_put(&sink, texts, text_count, entries, entry_count, e))
        return output_file_commit(&sink, e);
    output_file_discard(&sink);
    return e->status;
}

/* ---- reading ---- */

static int read_at(int fd, uint64_t at, void *to, size_t n, struct err *e)
{
    for (char *p = to; n;) {
        ssize_t got = pread(fd, p, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(e, STATUS_IO, "cannot read: %s", strerror(errno));
        if (!got)
            return err_set(e, STATUS_DATA, "the file ends early");
        p += got, at += (uint64_t)got, n -= (size_t)got;
    }
    return 0;
}

/* State of the header's reader: its position and what it has found. */
struct header {
    struct json_in in;
    struct buf key, text;
    struct safetensors *file;
    struct err *e;
};

static int bad(struct header *h, const char *field, const char *what)
{
    return err_set(h->e, STATUS_DATA, "%s: %s", field, what);
}

static int read_texts(struct header *h)
{
    const char *field = "__metadata__";
    if (!json_take(&h->in, '{'))
        return bad(h, field, "expected an object of strings");
    if (json_take(&h->in, '}'))
        return 0;
    do {
        if (!json_string(&h->in, &h->key) || !json_take(&h->in, ':') ||
            !json_string(&h->in, &h->text))
            return bad(h, field, "expected an object of strings");
        struct safetensors_text text = {mem_copy(h->key.at, h->key.len), {0}};
        buf_append(&text.value, h->text.at, h->text.len);
        vec_push(&h->file->texts, text);
    } while (json_take(&h->in, ','));
    return json_take(&h->in, '}') ? 0 : bad(h, field, "expected , or }");
}

static int read_shape(struct header *h, struct safetensors_entry *entry)
{
    if (!json_take(&h->in, '['))
        return bad(h, entry->name, "shape: expected a list of sizes");
    if (json_take(&h->in, ']'))
        return 0;
    do {
        if (entry->dims == SAFETENSORS_DIMS)
            return bad(h, entry->name, "shape: more than 8 dimensions");
        if (!json_integer(&h->in, &entry->shape[entry->dims++]))
            return bad(h, entry->name, "shape: expected a size");
    } while (json_take(&h->in, ','));
    return json_take(&h->in, ']') ? 0 : bad(h, entry->name, "shape: expected , or ]");
}

static int read_offsets(struct header *h, struct safetensors_entry *entry)
{
    int64_t begin, end;
    if (!json_take(&h->in, '[') || !json_integer(&h->in, &begin) || !json_take(&h->in, ',') ||
        !json_integer(&h->in, &end) || !json_take(&h->in, ']'))
        return bad(h, entry->name, "data_offsets: expected two positions");
    entry->begin = (uint64_t)begin;
    entry->end = (uint64_t)end;
    return begin <= end ? 0 : bad(h, entry->name, "data_offsets: the end is before the beginning");
}

static int read_type(struct header *h, struct safetensors_entry *entry)
{
    if (!json_string(&h->in, &h->text))
        return bad(h, entry->name, "dtype: expected a string");
    int type = type_of((struct bytes){h->text.at, h->text.len});
    if (type < 0)
        return bad(h, entry->name, "dtype: no such type");
    entry->type = types[type].name;
    return 0;
}

/* Reads one field of an entry; `seen` has a bit for each field. */
static int read_field(struct header *h, struct safetensors_entry *entry, unsigned *seen)
{
    static const struct {
        const char *name;
        int (*read)(struct header *h, struct safetensors_entry *entry);
    } fields[] = {{"dtype", read_type}, {"shape", read_shape}, {"data_offsets", read_offsets}};
    struct bytes key = {h->key.at, h->key.len};
    for (unsigned i = 0; i < 3; i++) {
        if (!bytes_equal(key, bytes_of(fields[i].name)))
            continue;
        if (*seen & 1u << i)
            return bad(h, entry->name, "a field appears twice");
        *seen |= 1u << i;
        return fields[i].read(h, entry);
    }
    return bad(h, entry->name, "a field other than dtype, shape and data_offsets");
}

static int read_fields(struct header *h, struct safetensors_entry *entry)
{
    unsigned seen = 0;
    if (!json_take(&h->in, '{'))
        return bad(h, entry->name, "expected an object");
    do {
        if (!json_string(&h->in, &h->key) || !json_take(&h->in, ':'))
            return bad(h, entry->name, "expected a field");
        if (read_field(h, entry, &seen))
            return h->e->status;
    } while (json_take(&h->in, ','));
    if (!json_take(&h->in, '}'))
        return bad(h, entry->name, "expected , or }");
    if (seen != 7)
        return bad(h, entry->name, "dtype, shape or data_offsets is missing");
    if (shape_bytes(entry) != entry->end - entry->begin)
        return bad(h, entry->name, "data_offsets do not fit dtype and shape");
    return 0;
}

static int read_entry(struct header *h)
{
    struct safetensors_entry entry = {0};
    if (h->key.len && memchr(h->key.at, 0, h->key.len))
        return bad(h, "header", "a name with a zero byte");
    entry.name = mem_copy(h->key.at, h->key.len);
    vec_push(&h->file->entries, entry);
    return read_fields(h, &h->file->entries.at[h->file->entries.len - 1]);
}

static int read_header(struct header *h)
{
    bool texts_seen = false;
    if (!json_take(&h->in, '{'))
        return bad(h, "header", "expected a JSON object");
    if (!json_take(&h->in, '}')) {
        do {
            if (!json_string(&h->in, &h->key) || !json_take(&h->in, ':'))
                return bad(h, "header", "expected a name");
            bool texts =
                bytes_equal((struct bytes){h->key.at, h->key.len}, bytes_of("__metadata__"));
            if (texts && texts_seen)
                return bad(h, "__metadata__", "appears twice");
            texts_seen |= texts;
            if (texts ? read_texts(h) : read_entry(h))
                return h->e->status;
        } while (json_take(&h->in, ','));
        if (!json_take(&h->in, '}'))
            return bad(h, "header", "expected , or }");
    }
    return json_done(&h->in) ? 0 : bad(h, "header", "more than one JSON object");
}

static int by_place(const void *a, const void *b)
{
    const struct safetensors_entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int check_names(struct header *h)
{
    struct safetensors *s = h->file;
    VEC(char *) names = {0};
    for (size_t i = 0; i < s->entries.len; i++)
        vec_push(&names, s->entries.at[i].name);
    int status = 0;
    if (names.len)
        qsort(names.at, names.len, sizeof *names.at, by_name);
    for (size_t i = 1; i < names.len && !status; i++)
        if (!strcmp(names.at[i - 1], names.at[i]))
            status = bad(h, names.at[i], "appears twice");
    vec_release(&names);
    return status;
}

/* Checks that the tensors fill the file after the header: no overlap, no hole, nothing outside. */
static int check_places(struct header *h, uint64_t size)
{
    struct safetensors *s = h->file;
    uint64_t at = 0;
    if (s->entries.len)
        qsort(s->entries.at, s->entries.len, sizeof *s->entries.at, by_place);
    for (size_t i = 0; i < s->entries.len; i++) {
        const struct safetensors_entry *entry = &s->entries.at[i];
        if (entry->begin < at)
            return bad(h, entry->name, "data_offsets overlap those of another tensor");
        if (entry->begin > at)
            return bad(h, entry->name, "data_offsets leave a hole before them");
        if (entry->end > size)
            return bad(h, entry->name, "data_offsets reach beyond the end of the file");
        at = entry->end;
    }
    if (at < size)
        return bad(h, "header", "the file holds more than its tensors");
    return check_names(h);
}

static int parse(struct safetensors *s, struct bytes text, uint64_t size, struct err *e)
{
    struct header h = {.in = json_in_of(text), .file = s, .e = e};
    int status = read_header(&h);
    if (!status)
        status = check_places(&h, size);
    buf_release(&h.key);
    buf_release(&h.text);
    return status;
}

static int load_header(struct safetensors *s, struct err *e)
{
    unsigned char head[8];
    if (fstat(s->fd, &s->stat) || !S_ISREG(s->stat.st_mode))
        return err_set(e, STATUS_DATA, "not a regular file, so not a safetensors file");
    uint64_t size = (uint64_t)s->stat.st_size, length = 0;
    if (size < sizeof head)
        return err_set(e, STATUS_DATA, "header: too short for a safetensors file");
    if (read_at(s->fd, 0, head, sizeof head, e))
        return e->status;
    for (int i = 0; i < 8; i++)
        length |= (uint64_t)head[i] << 8 * i;
    if (length > size - sizeof head || length > SAFETENSORS_HEADER_LIMIT)
        return err_set(e, STATUS_DATA,
                       "header: says it is %" PRIu64 " bytes long, in a file of %" PRIu64
                       ": not a safetensors file, or one that was cut",
                       length, size);
    s->data = sizeof head + length;
    char *text = mem_alloc((size_t)length);
    int status = read_at(s->fd, sizeof head, text, (size_t)length, e);
    if (!status)
        status = parse(s, (struct bytes){text, (size_t)length}, size - s->data, e);
    mem_free(text);
    return status;
}

int safetensors_open(struct safetensors *s, const char *path, struct err *e)
{
    *s = (struct safetensors){.path = mem_copy(path, strlen(path))};
    s->fd = descriptor_open(path, O_NONBLOCK);
    int status = s->fd < 0 ? err_set(e, STATUS_NOINPUT, "cannot open: %s", strerror(errno))
                           : load_header(s, e);
    if (!status)
        return 0;
    safetensors_close(s);
    return err_at(e, "%s", path);
}

const struct safetensors_entry *safetensors_find(const struct safetensors *s, const char *name)
{
    for (size_t i = 0; i < s->entries.len; i++)
        if (!strcmp(s->entries.at[i].name, name))
            return &s->entries.at[i];
    return NULL;
}

const struct safetensors_text *safetensors_text_find(const struct safetensors *s, const char *key)
{
    for (size_t i = 0; i < s->texts.len; i++)
        if (!strcmp(s->texts.at[i].key, key))
            return &s->texts.at[i];
    return NULL;
}

struct bytes safetensors_text_of(const struct safetensors *s, const char *key)
{
    const struct safetensors_text *text = safetensors_text_find(s, key);
    return text ? (struct bytes){text->value.at, text->value.len} : (struct bytes){NULL, 0};
}

static bool same(const struct buf *a, const struct buf *b)
{
    return bytes_equal((struct bytes){a->at, a->len}, (struct bytes){b->at, b->len});
}

/* Whoever leaves out the hash of the tensors has changed the file. */
static int check_hash(const struct safetensors *s, size_t size, struct err *e)
{
    const struct safetensors_text *text = safetensors_text_find(s, hash_key);
    const struct safetensors_text *of_texts = safetensors_text_find(s, texts_hash_key);
    struct buf digits = {0};
    const char *damaged = NULL;
    if (text) {
        buf_format(&digits, "%016" PRIx64, (uint64_t)XXH3_64bits(s->tensors, size));
        if (!same(&text->value, &digits))
            damaged = hash_key;
    }
    if (text && of_texts) {
        buf_clear(&digits);
        hash_texts(&digits, s->texts.at, s->texts.len);
        if (!same(&of_texts->value, &digits))
            damaged = texts_hash_key;
    }
    buf_release(&digits);
    if (!damaged)
        return 0;
    return err_set(e, STATUS_DATA,
                   "__metadata__: %s: the %s have another hash: the file is damaged, or was "
                   "changed by a program that left the hash of before",
                   damaged, damaged == hash_key ? "tensors" : "texts");
}

static bool has_changed(const struct safetensors *s)
{
    struct stat now;
    const struct stat *was = &s->stat;
    return fstat(s->fd, &now) || now.st_size != was->st_size ||
           now.st_mtim.tv_sec != was->st_mtim.tv_sec || now.st_mtim.tv_nsec != was->st_mtim.tv_nsec;
}

int safetensors_load(struct safetensors *s, struct err *e)
{
    size_t size = (size_t)s->stat.st_size - (size_t)s->data;
    s->tensors = mem_aligned(size);
    int status = read_at(s->fd, s->data, s->tensors, size, e);
    if (!status && has_changed(s))
        status = err_set(e, STATUS_DATA, "the file was changed while it was read");
    if (!status)
        status = check_hash(s, size, e);
    return status ? err_at(e, "%s", s->path) : 0;
}

int safetensors_read(const struct safetensors *s, const struct safetensors_entry *entry,
                     uint64_t offset, void *to, size_t n, struct err *e)
{
    if (s->tensors && n)
        memcpy(to, s->tensors + entry->begin + offset, n);
    else if (read_at(s->fd, s->data + entry->begin + offset, to, n, e))
        return err_at(e, "%s: %s", s->path, entry->name);
    return 0;
}

const void *safetensors_at(const struct safetensors *s, const struct safetensors_entry *entry)
{
    return s->tensors ? s->tensors + entry->begin : NULL;
}

void safetensors_close(struct safetensors *s)
{
    mem_free(s->tensors);
    for (size_t i = 0; i < s->entries.len; i++)
        mem_free(s->entries.at[i].name);
    for (size_t i = 0; i < s->texts.len; i++) {
        mem_free(s->texts.at[i].key);
        buf_release(&s->texts.at[i].value);
    }
    vec_release(&s->entries);
    vec_release(&s->texts);
    mem_free(s->path);
    if (s->fd >= 0)
        close(s->fd);
    *s = (struct safetensors){.fd = -1};
}
