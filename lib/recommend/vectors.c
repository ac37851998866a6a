#include "recommend/vectors.h"

#include "base/output_file.h"
#include "base/utf8.h"

enum kind { ITEMS_NPY, ITEMS_TXT, USERS_NPY, USERS_TXT, ALL_SAFETENSORS, KINDS };
static const char *const suffix[KINDS] = {".items.npy", ".items.txt", ".users.npy", ".users.txt",
                                          ".safetensors"};

static char *path_of(const struct vectors *v, enum kind kind)
{
    struct buf path = {0};
    buf_text(&path, v->prefix);
    buf_text(&path, suffix[kind]);
    buf_byte(&path, 0);
    return path.at;
}

int vectors_check(const struct vectors *v, struct err *e)
{
    size_t n = strlen(v->prefix);
    int status = 0;
    if (!n || v->prefix[n - 1] == '/')
        return err_set(e, STATUS_USAGE,
                       "--vectors '%s': give what the names of the files begin with, as in "
                       "--vectors %svectors",
                       v->prefix, v->prefix);
    for (int i = 0; i < KINDS && !status; i++) {
        char *path = path_of(v, i);
        status = output_file_check(path, e);
        mem_free(path);
    }
    return status;
}

/* ---- taking ---- */

/* The weights of the items, each with its bias behind it. */
static void take_items(struct vectors *v, struct device *d, const struct output_layer *o)
{
    size_t n = (size_t)o->items, width = (size_t)o->width, row = (size_t)v->width;
    float *bias = mem_alloc(n * sizeof *bias);
    vec_reserve(&v->item, n * row);
    v->item.len = n * row;
    d->op->download(d, v->item.at, o->weight, n * width * sizeof *v->item.at);
    if (row > width) {
        d->op->download(d, bias, o->bias, n * sizeof *bias);
        for (size_t i = n; i-- > 0;) { /* from the end: rows move to places further on */
            memmove(v->item.at + i * row, v->item.at + i * width, width * sizeof *v->item.at);
            v->item.at[i * row + width] = bias[i];
        }
    }
    mem_free(bias);
}

int vectors_take(struct vectors *v, struct device *d, const struct output_layer *o, bool biased,
                 struct err *e)
{
    const float one = 1;
    size_t n = (size_t)o->targets, width = (size_t)o->width;
    if (!v->width) {
        v->width = o->width + biased;
        take_items(v, d, o);
    }
    float *state = mem_alloc(n * width * sizeof *state);
    int status = 0;
    d->op->download(d, state, o->state, n * width * sizeof *state);
    for (size_t i = 0; i < n && !status; i++) {
        status = spill_append(&v->user, state + i * width, width * sizeof *state, e);
        if (!status && biased)
            status = spill_append(&v->user, &one, sizeof one, e);
    }
    mem_free(state);
    return status;
}

/* ---- writing ---- */

/* The head of version 1.0 of NumPy's format: the data behind it begin at a multiple of 64. */
static void append_npy_head(struct buf *to, size_t rows, int columns)
{
    struct buf words = {0};
    buf_format(&words, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %d), }", rows,
               columns);
    while ((10 + words.len + 1) % 64)
        buf_byte(&words, ' ');
    buf_byte(&words, '\n');
    buf_append(to, "\x93NUMPY\x01\x00", 8);
    buf_byte(to, (char)(words.len & 0xff));
    buf_byte(to, (char)(words.len >> 8));
    buf_append(to, words.at, words.len);
    buf_release(&words);
}

static int write_npy(struct output_file *to, const void *at, size_t rows, int columns,
                     struct err *e)
{
    struct buf head = {0};
    append_npy_head(&head, rows, columns);
    int status = output_file_write(to, head.at, head.len, e);
    buf_release(&head);
    return status ? status : output_file_write(to, at, rows * (size_t)columns * sizeof(float), e);
}

/* The names of rows: a line each, and end to end with where each begins. */
struct row_names {
    struct buf lines, text;
    i64_vec offsets;
};

static void add_name(struct row_names *r, struct bytes name)
{
    utf8_clean(&r->lines, name);
    buf_byte(&r->lines, '\n');
    buf_append(&r->text, name.at, name.len);
    vec_push(&r->offsets, (int64_t)r->text.len);
}

static void row_names_release(struct row_names *r)
{
    buf_release(&r->lines);
    buf_release(&r->text);
    vec_release(&r->offsets);
}

static struct safetensors_entry entry_of(const char *name, const char *type, size_t rows,
                                         int columns, const void *at)
{
    return (struct safetensors_entry){.name = (char *)(uintptr_t)name,
                                      .type = type,
                                      .dims = columns ? 2 : 1,
                                      .shape = {(int64_t)rows, columns},
                                      .at = at};
}

/* What the files hold. */
struct content {
    const struct vectors *v;
    struct row_names items, users;
    const struct safetensors_text *texts;
    int text_count;
};

/* All in one file, with the names as they are, in the form of a model file's. */
static int write_safetensors(const struct content *c, struct output_file *to, struct err *e)
{
    const struct row_names *items = &c->items, *users = &c->users;
    int width = c->v->width;
    /* the widest type first, so that every element is aligned */
    struct safetensors_entry entries[] = {
        entry_of("vocabulary.offsets", "I64", items->offsets.len, 0, items->offsets.at),
        entry_of("users.offsets", "I64", users->offsets.len, 0, users->offsets.at),
        entry_of("items", "F32", items->offsets.len - 1, width, c->v->item.at),
        entry_of("users", "F32", users->offsets.len - 1, width, c->v->user.at),
        entry_of("vocabulary.bytes", "U8", items->text.len, 0, items->text.at),
        entry_of("users.bytes", "U8", users->text.len, 0, users->text.at),
    };
    return safetensors_put(to, c->texts, c->text_count, entries, sizeof entries / sizeof *entries,
                           e);
}

static int write_kind(const struct content *c, enum kind kind, struct output_file *to,
                      struct err *e)
{
    const struct row_names *names = kind <= ITEMS_TXT ? &c->items : &c->users;
    const void *rows = kind <= ITEMS_TXT ? (const void *)c->v->item.at : c->v->user.at;
    if (kind == ALL_SAFETENSORS)
        return write_safetensors(c, to, e);
    if (kind == ITEMS_TXT || kind == USERS_TXT)
        return output_file_write(to, names->lines.at, names->lines.len, e);
    return write_npy(to, rows, names->offsets.len - 1, c->v->width, e);
}

/* Writes all files before the first takes its name. */
static int write_files(const struct content *c, struct err *e)
{
    struct output_file file[KINDS];
    int open = 0, named = 0, status = 0;
    for (; open < KINDS && !status; open++) {
        char *path = path_of(c->v, open);
        status = output_file_open(&file[open], path, e);
        mem_free(path);
        if (!status)
            status = write_kind(c, open, &file[open], e);
    }
    for (; named < KINDS && !status; named++)
        status = output_file_commit(&file[named], e);
    while (open-- > named)
        output_file_discard(&file[open]);
    return status;
}

int vectors_write(struct vectors *v, const struct names *items, const struct names *users,
                  const struct safetensors_text *texts, int text_count, struct err *e)
{
    struct content c = {.v = v, .texts = texts, .text_count = text_count};
    if (!v->width)
        return err_set(e, STATUS_DATA,
                       "--vectors: no user has a session of items that the model knows, so there "
                       "are no vectors");
    if (spill_end(&v->user, e))
        return e->status;
    vec_push(&c.items.offsets, 0);
    vec_push(&c.users.offsets, 0);
    for (int32_t i = 0; i < names_count(items); i++)
        add_name(&c.items, names_at(items, i));
    for (size_t i = 0; i < v->user_id.len; i++)
        add_name(&c.users, names_at(users, v->user_id.at[i]));
    int status = write_files(&c, e);
    row_names_release(&c.items);
    row_names_release(&c.users);
    return status;
}

void vectors_release(struct vectors *v)
{
    vec_release(&v->item);
    spill_release(&v->user);
    vec_release(&v->user_id);
}
