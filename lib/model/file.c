#include "model/file.h"

#include <inttypes.h>
#include <math.h>

#include "base/sink.h"

int model_file_check(const char *path, struct err *e)
{
    struct sink sink;
    if (!strcmp(path, "-"))
        return err_set(e, STATUS_CANTCREATE,
                       "--save -: standard output holds the predictions: "
                       "name a file");
    if (sink_open(&sink, path, e))
        return e->status;
    sink_discard(&sink);
    return 0;
}

/* ---- saving ---- */

/* The names end to end, and where each begins. */
struct vocabulary {
    struct buf text;
    i64_vec offsets;
};

static struct vocabulary vocabulary_of(const struct names *items)
{
    struct vocabulary v = {0};
    vec_push(&v.offsets, 0);
    for (int32_t i = 0; i < names_count(items); i++) {
        struct bytes name = names_at(items, i);
        buf_append(&v.text, name.at, name.len);
        vec_push(&v.offsets, (int64_t)v.text.len);
    }
    return v;
}

static struct safetensors_entry entry_of(const struct parameter *p, const float *weights)
{
    struct safetensors_entry entry = {.name = p->name, .type = "F32", .dims = p->dims};
    for (int d = 0; d < p->dims; d++)
        entry.shape[d] = p->shape[d];
    entry.at = weights + p->offset;
    return entry;
}

int model_file_save(const struct model *m, const float *weights, const struct names *items,
                    const struct safetensors_text *texts, int text_count, const char *path,
                    struct err *e)
{
    static char offsets_name[] = "vocabulary.offsets", bytes_name[] = "vocabulary.bytes";
    VEC(struct safetensors_entry) entries = {0};
    struct vocabulary v = vocabulary_of(items);
    /* the widest type first, so that every element is aligned */
    vec_push(&entries, ((struct safetensors_entry){.name = offsets_name,
                                                   .type = "I64",
                                                   .dims = 1,
                                                   .shape = {(int64_t)v.offsets.len},
                                                   .at = v.offsets.at}));
    for (size_t i = 0; i < m->parameters.list.len; i++)
        vec_push(&entries, entry_of(m->parameters.list.at[i], weights));
    vec_push(&entries, ((struct safetensors_entry){.name = bytes_name,
                                                   .type = "U8",
                                                   .dims = 1,
                                                   .shape = {(int64_t)v.text.len},
                                                   .at = v.text.at}));
    int status = safetensors_write(path, texts, text_count, entries.at, (int)entries.len, e);
    vec_release(&entries);
    vec_release(&v.offsets);
    buf_release(&v.text);
    return status;
}

/* ---- starting from a file ---- */

static int bad_field(const struct safetensors *file, const char *field, const char *what,
                     struct err *e)
{
    return err_set(e, STATUS_DATA, "%s: %s: %s", file->path, field, what);
}

static int split_names(const struct safetensors *file, const int64_t *offsets, size_t count,
                       struct bytes text, struct names *to, struct err *e)
{
    const char *field = "vocabulary.offsets";
    if (offsets[0] != 0 || offsets[count] != (int64_t)text.len)
        return bad_field(file, field, "do not begin at 0 or do not end where the names end", e);
    for (size_t i = 0; i < count; i++) {
        bool is_new;
        if (offsets[i + 1] < offsets[i] || offsets[i + 1] > (int64_t)text.len)
            return bad_field(file, field, "are not ascending", e);
        names_add(to, (struct bytes){text.at + offsets[i], (size_t)(offsets[i + 1] - offsets[i])},
                  &is_new);
        if (!is_new)
            return bad_field(file, "vocabulary.bytes", "an item stands twice", e);
    }
    return 0;
}

int model_file_items(const struct safetensors *file, struct names *items, bool *there,
                     struct err *e)
{
    const struct safetensors_entry *offsets = safetensors_find(file, "vocabulary.offsets");
    const struct safetensors_entry *text = safetensors_find(file, "vocabulary.bytes");
    if (there)
        *there = offsets && text;
    if (there && !offsets && !text)
        return 0;
    if (!offsets || !text)
        return bad_field(file, offsets ? "vocabulary.bytes" : "vocabulary.offsets", "is missing",
                         e);
    if (strcmp(offsets->type, "I64") || offsets->dims != 1 || offsets->shape[0] < 1 ||
        offsets->shape[0] > INT32_MAX)
        return bad_field(file, offsets->name, "expected I64 of one dimension, one more than items",
                         e);
    if (strcmp(text->type, "U8") || text->dims != 1)
        return bad_field(file, text->name, "expected U8 of one dimension", e);
    size_t offset_bytes = (size_t)safetensors_bytes(offsets);
    size_t text_bytes = (size_t)safetensors_bytes(text);
    int64_t *at = mem_alloc(offset_bytes);
    char *bytes = mem_alloc(text_bytes);
    int status = safetensors_read(file, offsets, 0, at, offset_bytes, e);
    if (!status)
        status = safetensors_read(file, text, 0, bytes, text_bytes, e);
    if (!status)
        status = split_names(file, at, (size_t)offsets->shape[0] - 1,
                             (struct bytes){bytes, text_bytes}, items, e);
    mem_free(bytes);
    mem_free(at);
    return status;
}

/* The row of the model for each row of the file. */
struct matching {
    const struct safetensors *file;
    bool named;  /* whether the file has a vocabulary */
    i32_vec row; /* -1: the model does not know the item */
    struct err *e;
};

static int bad(struct matching *m, const char *field, const char *what)
{
    return bad_field(m->file, field, what, m->e);
}

static int match_names(struct matching *m, const struct names *items)
{
    struct names theirs = {0};
    bool any = false;
    int status = model_file_items(m->file, &theirs, &m->named, m->e);
    for (int32_t i = 0; i < names_count(&theirs) && !status; i++) {
        int32_t id = names_find(items, names_at(&theirs, i));
        any |= id >= 0;
        vec_push(&m->row, id);
    }
    names_release(&theirs);
    if (!status && m->named && !any)
        status = bad(m, "vocabulary.bytes", "none of its items occurs in the input");
    return status;
}

static void shape_text(struct buf *to, const int64_t *shape, int dims)
{
    for (int d = 0; d < dims; d++)
        buf_format(to, "%s%" PRId64, d ? ", " : "", shape[d]);
    buf_byte(to, 0);
}

static int check_entry(struct matching *m, const struct parameter *p,
                       const struct safetensors_entry *entry)
{
    struct buf want = {0}, has = {0};
    int64_t shape[PARAMETER_DIMS];
    memcpy(shape, p->shape, sizeof shape);
    if (p->per_item && m->named)
        shape[0] = (int64_t)m->row.len;
    if (strcmp(entry->type, "F32"))
        return err_set(m->e, STATUS_DATA, "%s: %s: dtype is %s, expected F32", m->file->path,
                       p->name, entry->type);
    if (entry->dims == p->dims && !memcmp(shape, entry->shape, (size_t)p->dims * sizeof *shape))
        return 0;
    shape_text(&want, shape, p->dims);
    shape_text(&has, entry->shape, entry->dims);
    err_set(m->e, STATUS_DATA, "%s: %s: shape is [%s], the model's options give [%s]",
            m->file->path, p->name, has.at, want.at);
    buf_release(&want);
    buf_release(&has);
    return m->e->status;
}

static int check_finite(struct matching *m, const char *name, const float *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(at[i]))
            return bad(m, name, "holds a value that is not a finite number");
    return 0;
}

/* All rows of the file's tensor into host [rows of the model], those known by name at their own. */
static int read_rows(struct matching *m, const struct parameter *p,
                     const struct safetensors_entry *entry, float *to)
{
    if (!p->per_item || !m->named) {
        if (safetensors_read(m->file, entry, 0, to, p->count * sizeof *to, m->e))
            return m->e->status;
        return check_finite(m, p->name, to, p->count);
    }
    enum { CHUNK = 1024 };
    size_t width = p->count / (size_t)p->shape[0], done = 0, rows = m->row.len;
    float *chunk = mem_alloc(CHUNK * width * sizeof *chunk);
    int status = 0;
    while (done < rows && !status) {
        size_t n = rows - done < CHUNK ? rows - done : CHUNK;
        status = safetensors_read(m->file, entry, done * width * sizeof *chunk, chunk,
                                  n * width * sizeof *chunk, m->e);
        if (!status)
            status = check_finite(m, p->name, chunk, n * width);
        for (size_t i = 0; i < n && !status; i++)
            if (m->row.at[done + i] >= 0)
                memcpy(to + (size_t)m->row.at[done + i] * width, chunk + i * width,
                       width * sizeof *chunk);
        done += n;
    }
    mem_free(chunk);
    return status;
}

static int init_parameter(struct matching *m, struct device *d, const struct parameter *p)
{
    const struct safetensors_entry *entry = safetensors_find(m->file, p->name);
    if (!entry)
        return bad(m, p->name, "is missing: the file is of another model or of other options");
    if (check_entry(m, p, entry))
        return m->e->status;
    float *host = mem_alloc(p->count * sizeof *host);
    d->op->download(d, host, p->value, p->count * sizeof *host);
    int status = read_rows(m, p, entry, host);
    if (!status)
        d->op->upload(d, p->value, host, p->count * sizeof *host);
    mem_free(host);
    return status;
}

/* A tensor that the model has no place for is of another model: nothing is dropped in silence. */
static int check_foreign(struct matching *m, const struct parameters *p)
{
    for (size_t i = 0; i < m->file->entries.len; i++) {
        const char *name = m->file->entries.at[i].name;
        if (strncmp(name, "vocabulary.", 11) && !parameters_find(p, name))
            return bad(m, name, "the model with these options has no such weights");
    }
    return 0;
}

int model_file_read(struct model *m, const struct names *items, const struct safetensors *file,
                    struct err *e)
{
    struct matching match = {.file = file, .e = e};
    int status = check_foreign(&match, &m->parameters);
    if (!status)
        status = match_names(&match, items);
    for (size_t i = 0; i < m->parameters.list.len && !status; i++)
        status = init_parameter(&match, m->device, m->parameters.list.at[i]);
    vec_release(&match.row);
    return status;
}

int model_file_init(struct model *m, const struct names *items, const char *path, struct err *e)
{
    struct safetensors file;
    if (safetensors_open(&file, path, e))
        return e->status;
    int status = model_file_read(m, items, &file, e);
    safetensors_close(&file);
    return status;
}
