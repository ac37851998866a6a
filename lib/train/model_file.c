#include "train/model_file.h"

#include <inttypes.h>
#include <math.h>

#include "base/output_file.h"
#include "base/time.h"
#include "model/contexts.h"
#include "model/wide_part.h"
#include "model/wide_ready.h"
#include "train/model_file_names.h"

int model_file_check(const char *path, struct err *e)
{
    if (!strcmp(path, "-"))
        return err_set(e, STATUS_CANTCREATE,
                       "--save -: standard output holds the predictions: "
                       "name a file");
    return output_file_check(path, e);
}

/* ---- saving ---- */

/* Entries to write, and what they point to: names of items, users, codes of contexts. */
enum { LISTS = 2 + CONTEXTS };
struct saving {
    VEC(struct safetensors_entry) entries;
    struct buf text[LISTS];
    i64_vec offsets[LISTS];
};

static void add_entry(struct saving *s, const char *name, const char *type, size_t n,
                      const void *at)
{
    vec_push(&s->entries, ((struct safetensors_entry){.name = mem_copy(name, strlen(name)),
                                                      .type = type,
                                                      .dims = 1,
                                                      .shape = {(int64_t)n},
                                                      .at = at}));
}

/* Adds list i of names: their bytes end to end, and where each begins. */
static void gather_names(struct saving *s, int i, const struct names *names)
{
    vec_push(&s->offsets[i], 0);
    for (int32_t k = 0; k < names_count(names); k++) {
        struct bytes name = names_at(names, k);
        buf_append(&s->text[i], name.at, name.len);
        vec_push(&s->offsets[i], (int64_t)s->text[i].len);
    }
}

static void add_parameter(struct saving *s, const struct parameter *p, const float *weights)
{
    add_entry(s, p->name, "F32", 0, weights + p->offset);
    struct safetensors_entry *entry = &s->entries.at[s->entries.len - 1];
    entry->dims = p->dims;
    for (int d = 0; d < p->dims; d++)
        entry->shape[d] = p->shape[d];
}

/* Adds the entry "context.KEY.offsets" or ".bytes" of each context whose codes have names. */
static void add_contexts(struct saving *s, const struct model_names *names, bool wide)
{
    for (int i = 0; i < names->contexts; i++) {
        const struct context_names *c = &names->context[i];
        struct buf name = {0};
        if (!names_count(&c->codes))
            continue;
        buf_format(&name, "context.%s.%s", c->key, wide ? "offsets" : "bytes");
        buf_byte(&name, 0);
        if (wide)
            gather_names(s, 2 + i, &c->codes);
        if (wide)
            add_entry(s, name.at, "I64", s->offsets[2 + i].len, s->offsets[2 + i].at);
        else
            add_entry(s, name.at, "U8", s->text[2 + i].len, s->text[2 + i].at);
        buf_release(&name);
    }
}

static bool has_users(const struct model *m)
{
    bool any = false;
    for (size_t i = 0; i < m->parameters.list.len; i++)
        any |= parameter_per_user(m->parameters.list.at[i]);
    return any;
}

static void add_index(struct saving *s, const struct session_index *x, bool wide)
{
    size_t n = x ? (size_t)x->sessions : 0;
    if (x && wide) {
        add_entry(s, "index.start", "I64", n, x->start);
        add_entry(s, "index.last", "I64", n, x->last);
        add_entry(s, "index.event", "I64", n + 1, x->event);
    } else if (x) {
        add_entry(s, "index.item", "I32", (size_t)x->event[n], x->item);
    }
}

int model_file_save(const struct model *m, const float *weights, const struct model_names *names,
                    const struct session_index *index, const struct safetensors_text *texts,
                    int text_count, const char *path, struct err *e)
{
    struct saving s = {0};
    bool users = has_users(m);
    gather_names(&s, 0, names->items);
    if (users)
        gather_names(&s, 1, names->users);
    /* the widest type first, so that every element is aligned */
    add_entry(&s, "vocabulary.offsets", "I64", s.offsets[0].len, s.offsets[0].at);
    if (users)
        add_entry(&s, "users.offsets", "I64", s.offsets[1].len, s.offsets[1].at);
    add_contexts(&s, names, true);
    add_index(&s, index, true);
    for (size_t i = 0; i < m->parameters.list.len; i++)
        add_parameter(&s, m->parameters.list.at[i], weights);
    if (users && m->data.group)
        add_entry(&s, "users.cluster", "I32", (size_t)m->data.users, m->data.group);
    add_index(&s, index, false);
    add_entry(&s, "vocabulary.bytes", "U8", s.text[0].len, s.text[0].at);
    if (users)
        add_entry(&s, "users.bytes", "U8", s.text[1].len, s.text[1].at);
    add_contexts(&s, names, false);
    int status = safetensors_write(path, texts, text_count, s.entries.at, (int)s.entries.len, e);
    for (size_t i = 0; i < s.entries.len; i++)
        mem_free(s.entries.at[i].name);
    vec_release(&s.entries);
    for (int i = 0; i < LISTS; i++) {
        vec_release(&s.offsets[i]);
        buf_release(&s.text[i]);
    }
    return status;
}

/* ---- the index ---- */

/* An entry of one dimension and this type and length (-1: any); NULL: there is none so. */
static const struct safetensors_entry *array_of(const struct safetensors *file, const char *name,
                                                const char *type, int64_t length)
{
    const struct safetensors_entry *entry = safetensors_find(file, name);
    bool fits = entry && !strcmp(entry->type, type) && entry->dims == 1 &&
                (length < 0 || entry->shape[0] == length);
    return fits ? entry : NULL;
}

/* Starts are times, ends are in order, sessions are not empty, items are those of the file. */
static const char *check_index(const struct session_index *x, int64_t events)
{
    for (int32_t i = 0; i < x->sessions; i++)
        if (x->start[i] < 0 || x->start[i] >= TIME_LIMIT)
            return "index.start";
    for (int32_t i = 0; i < x->sessions; i++)
        if (x->last[i] < x->start[i] || (i && x->last[i] < x->last[i - 1]))
            return "index.last";
    for (int32_t i = 0; i < x->sessions; i++)
        if (x->event[i + 1] <= x->event[i] || x->event[i + 1] > events)
            return "index.event";
    if (x->event[0] || x->event[x->sessions] != events)
        return "index.event";
    for (int64_t i = 0; i < events; i++)
        if (x->item[i] < 0 || x->item[i] >= x->items)
            return "index.item";
    return NULL;
}

static int read_array(const struct safetensors *file, const struct safetensors_entry *entry,
                      void *to, struct err *e)
{
    return safetensors_read(file, entry, 0, to, (size_t)safetensors_bytes(entry), e);
}

int model_file_index(const struct safetensors *file, int32_t items, struct session_index *x,
                     bool *there, struct err *e)
{
    const struct safetensors_entry *start = array_of(file, "index.start", "I64", -1);
    int64_t n = start ? start->shape[0] : 0;
    const struct safetensors_entry *last = array_of(file, "index.last", "I64", n);
    const struct safetensors_entry *event = array_of(file, "index.event", "I64", n + 1);
    const struct safetensors_entry *item = array_of(file, "index.item", "I32", -1);
    *x = (struct session_index){.items = items, .sessions = (int32_t)n};
    *there = start != NULL;
    if (!start)
        return 0;
    if (!last || !event || !item || n > INT32_MAX)
        return file_bad(file,
                        !last    ? "index.last"
                        : !event ? "index.event"
                                 : "index.item",
                        "is missing, or of another type or length", e);
    x->start = mem_alloc((size_t)safetensors_bytes(start));
    x->last = mem_alloc((size_t)safetensors_bytes(last));
    x->event = mem_alloc((size_t)safetensors_bytes(event));
    x->item = mem_alloc((size_t)safetensors_bytes(item));
    if (read_array(file, start, x->start, e) || read_array(file, last, x->last, e) ||
        read_array(file, event, x->event, e) || read_array(file, item, x->item, e))
        return e->status;
    const char *wrong = check_index(x, item->shape[0]);
    if (wrong)
        return file_bad(file, wrong, "does not fit: a number cannot be there", e);
    session_index_post(x);
    return 0;
}

/* ---- starting from a file ---- */

/* The model's row for each row of the file; -1: none. */
struct matched {
    bool named; /* whether the file has names */
    i32_vec row;
};

/* What a file has of a model with a network and a wide part. */
enum file_parts { FILE_ALL, FILE_NETWORK, FILE_WIDE };

struct matching {
    const struct model *model;
    const struct safetensors *file;
    enum file_parts parts;
    struct buf *taken; /* names of the parameters that the file gives; NULL: it has to give all */
    struct matched items, users; /* users: of users or of clusters */
    struct {
        struct matched codes;
        const struct parameter *weight;
    } context[CONTEXTS];
    struct err *e;
};

static int bad(struct matching *m, const char *field, const char *what)
{
    return file_bad(m->file, field, what, m->e);
}

static int match_names(struct matching *m, const char *prefix, const struct names *ours,
                       struct matched *to, bool *any)
{
    struct names theirs = {0};
    int status = file_names_read(m->file, prefix, &theirs, &to->named, m->e);
    *any = false;
    for (int32_t i = 0; i < names_count(&theirs) && !status; i++) {
        int32_t id = names_find(ours, names_at(&theirs, i));
        *any |= id >= 0;
        vec_push(&to->row, id);
    }
    names_release(&theirs);
    return status;
}

static bool has_items(const struct model *m)
{
    bool any = false;
    for (size_t i = 0; i < m->parameters.list.len; i++)
        any |= m->parameters.list.at[i]->per_item;
    return any;
}

static int match_items(struct matching *m, const struct names *items)
{
    bool any;
    int status = match_names(m, "vocabulary", items, &m->items, &any);
    if (!status && m->items.named && !any && has_items(m->model))
        status = bad(m, "vocabulary.bytes", "none of its items occurs in the input");
    return status;
}

/* Clusters keep their numbers (model_file_groups). */
static int match_users(struct matching *m, const struct names *users)
{
    bool any;
    i32_vec cluster = {0};
    int blocks = 0;
    int status = match_names(m, "users", users, &m->users, &any);
    if (!status)
        status = file_clusters_read(m->file, (int)m->users.row.len, &cluster, &blocks, m->e);
    vec_release(&cluster);
    if (status || !m->users.named || (!blocks && !m->model->data.group))
        return status;
    if (!m->model->data.group)
        return bad(m, "users.cluster", "the model's options give each user their own weights");
    if (!blocks)
        return bad(m, "users.cluster", "is missing: in this file each user has their own weights");
    if (blocks > m->model->data.groups)
        return bad(m, "users.cluster", "has more clusters than the model's options give");
    vec_clear(&m->users.row);
    for (int k = 0; k < blocks; k++)
        vec_push(&m->users.row, k);
    return 0;
}

static int match_contexts(struct matching *m, const struct model_names *names)
{
    int status = 0;
    for (int i = 0; i < names->contexts && !status; i++) {
        const struct context_names *c = &names->context[i];
        struct buf prefix = {0};
        bool any;
        char *name = contexts_parameter(c->key);
        m->context[i].weight = parameters_find(&m->model->parameters, name);
        buf_format(&prefix, "context.%s", c->key);
        buf_byte(&prefix, 0);
        status = match_names(m, prefix.at, &c->codes, &m->context[i].codes, &any);
        buf_release(&prefix);
        mem_free(name);
    }
    return status;
}

static const struct matched *context_of(const struct matching *m, const struct parameter *p)
{
    for (int i = 0; i < CONTEXTS; i++)
        if (m->context[i].weight == p)
            return &m->context[i].codes;
    return NULL;
}

/* How rows of the file map to the parameter's rows; NULL: they are the same. */
static const struct matched *matched_for(const struct matching *m, const struct parameter *p)
{
    const struct matched *r = p->per_item             ? &m->items
                              : parameter_per_user(p) ? &m->users
                                                      : context_of(m, p);
    return r && r->named ? r : NULL;
}

static void shape_text(struct buf *to, const int64_t *shape, int dims)
{
    for (int d = 0; d < dims; d++)
        buf_format(to, "%s%" PRId64, d ? ", " : "", shape[d]);
    buf_byte(to, 0);
}

/* Whether the entry is a table per user without its first dimension. */
static bool is_block(const struct parameter *p, const struct safetensors_entry *entry)
{
    return parameter_per_user(p) && entry->dims == p->dims - 1 &&
           !memcmp(p->shape + 1, entry->shape, (size_t)entry->dims * sizeof *p->shape);
}

/* The shape that the parameter has in the file. */
static void shape_there(const struct matching *m, const struct parameter *p,
                        int64_t shape[PARAMETER_DIMS])
{
    const struct matched *r = matched_for(m, p);
    memcpy(shape, p->shape, sizeof p->shape);
    if (r)
        shape[0] = (int64_t)r->row.len;
}

static bool fits(const struct matching *m, const struct parameter *p,
                 const struct safetensors_entry *entry)
{
    int64_t shape[PARAMETER_DIMS];
    shape_there(m, p, shape);
    return is_block(p, entry) || (entry->dims == p->dims &&
                                  !memcmp(shape, entry->shape, (size_t)p->dims * sizeof *shape));
}

static int check_entry(struct matching *m, const struct parameter *p,
                       const struct safetensors_entry *entry)
{
    struct buf want = {0}, has = {0};
    int64_t shape[PARAMETER_DIMS];
    if (strcmp(entry->type, "F32"))
        return err_set(m->e, STATUS_DATA, "%s: %s: dtype is %s, expected F32", m->file->path,
                       p->name, entry->type);
    if (fits(m, p, entry))
        return 0;
    shape_there(m, p, shape);
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

/* Reads the whole tensor. */
static int read_whole(struct matching *m, const struct parameter *p,
                      const struct safetensors_entry *entry, size_t count, float *to)
{
    if (safetensors_read(m->file, entry, 0, to, count * sizeof *to, m->e))
        return m->e->status;
    return check_finite(m, p->name, to, count);
}

/* Sets the rows of new users to the mean of the file's `rows`, or to zeros if all users begin with
 * zeros. */
static void begin_new(const struct parameter *p, const char *found, const double *sum, size_t rows,
                      float *to)
{
    size_t width = (size_t)parameter_block(p);
    bool zeros = p->low == 0 && p->high == 0;
    for (size_t row = 0; (rows || zeros) && row < (size_t)p->shape[0]; row++)
        for (size_t k = 0; k < width && !found[row]; k++)
            to[row * width + k] = zeros ? 0 : (float)(sum[k] / (double)rows);
}

/* A model that only runs has no weights of items that are not in the file. */
static void clear_new(const struct parameter *p, const char *found, size_t width, float *to)
{
    for (size_t row = 0; row < (size_t)p->shape[0]; row++)
        if (!found[row])
            memset(to + row * width, 0, width * sizeof *to);
}

/* Reads the tensor row by row to the model's rows. */
static int read_rows(struct matching *m, const struct parameter *p,
                     const struct safetensors_entry *entry, const struct matched *r, float *to)
{
    enum { CHUNK = 1024 };
    size_t width = p->count / (size_t)p->shape[0], done = 0, rows = r->row.len;
    float *chunk = mem_alloc(CHUNK * width * sizeof *chunk);
    double *sum = mem_zero(width, sizeof *sum);
    char *found = mem_zero((size_t)p->shape[0], 1);
    int status = 0;
    while (done < rows && !status) {
        size_t n = rows - done < CHUNK ? rows - done : CHUNK;
        status = safetensors_read(m->file, entry, done * width * sizeof *chunk, chunk,
                                  n * width * sizeof *chunk, m->e);
        if (!status)
            status = check_finite(m, p->name, chunk, n * width);
        for (size_t i = 0; i < n && !status; i++) {
            for (size_t k = 0; k < width; k++)
                sum[k] += (double)chunk[i * width + k];
            if (r->row.at[done + i] < 0)
                continue;
            found[r->row.at[done + i]] = 1;
            memcpy(to + (size_t)r->row.at[done + i] * width, chunk + i * width,
                   width * sizeof *chunk);
        }
        done += n;
    }
    if (parameter_per_user(p) && !status)
        begin_new(p, found, sum, rows, to);
    if (!parameter_per_user(p) && !m->model->parameters.grad)
        clear_new(p, found, width, to);
    mem_free(found);
    mem_free(sum);
    mem_free(chunk);
    return status;
}

static int read_block(struct matching *m, const struct parameter *p,
                      const struct safetensors_entry *entry, float *to)
{
    size_t block = (size_t)parameter_block(p);
    if (read_whole(m, p, entry, block, to))
        return m->e->status;
    for (size_t at = block; at < p->count; at += block)
        memcpy(to + at, to, block * sizeof *to);
    return 0;
}

static int read_values(struct matching *m, const struct parameter *p,
                       const struct safetensors_entry *entry, float *to)
{
    const struct matched *r = matched_for(m, p);
    return is_block(p, entry) ? read_block(m, p, entry, to)
           : r                ? read_rows(m, p, entry, r, to)
                              : read_whole(m, p, entry, p->count, to);
}

/* Whether file and model have the same rows. */
static bool is_same(const struct parameter *p, const struct matched *r)
{
    for (size_t i = 0; r && i < r->row.len; i++)
        if (r->row.at[i] != (int32_t)i)
            return false;
    return !r || (int64_t)r->row.len == p->shape[0];
}

/* The parameter's values in the loaded file, if the model can use them there; else NULL. */
static float *in_place(const struct matching *m, const struct device *d, const struct parameter *p,
                       const struct safetensors_entry *entry)
{
    const void *at = safetensors_at(m->file, entry);
    bool wanted = d->host && !p->spreads && !m->model->parameters.grad && !is_block(p, entry) &&
                  is_same(p, matched_for(m, p));
    return at && wanted && (uintptr_t)at % sizeof(float) == 0 ? (float *)at : NULL;
}

/* A wide part alone has no weight of the network either. */
static bool may_lack(const struct matching *m, const char *parameter)
{
    bool of_wide = wide_part_owns(parameter);
    return m->parts == FILE_NETWORK ? of_wide
           : m->parts == FILE_WIDE  ? !of_wide || wide_part_weighs(parameter)
                                    : false;
}

static int init_parameter(struct matching *m, struct device *d, struct parameter *p)
{
    const struct safetensors_entry *entry = safetensors_find(m->file, p->name);
    if (!entry && (m->taken || may_lack(m, p->name)))
        return 0;
    if (entry && m->taken && !fits(m, p, entry))
        return 0;
    if (!entry)
        return bad(m, p->name, "is missing: the file is of another model or of other options");
    if (check_entry(m, p, entry))
        return m->e->status;
    if (m->taken)
        buf_format(m->taken, "%s%s", m->taken->len ? ", " : "", p->name);
    float *there = in_place(m, d, p, entry);
    if (there) {
        p->value = there; /* read only: a model that learns has gradients */
        return check_finite(m, p->name, there, p->count);
    }
    float *host = mem_alloc(p->count * sizeof *host);
    d->op->download(d, host, p->value, p->count * sizeof *host);
    int status = read_values(m, p, entry, host);
    if (!status)
        d->op->upload(d, p->value, host, p->count * sizeof *host);
    mem_free(host);
    return status;
}

/* "context.KEY.offsets", "context.KEY.bytes" */
static bool names_codes(const char *tensor)
{
    const char *last = strrchr(tensor, '.');
    return !strncmp(tensor, "context.", 8) &&
           (!strcmp(last, ".offsets") || !strcmp(last, ".bytes"));
}

/* A tensor that the model does not have is an error: it is of another model. */
static int check_foreign(struct matching *m, const struct parameters *p)
{
    for (size_t i = 0; i < m->file->entries.len; i++) {
        const char *name = m->file->entries.at[i].name;
        if (strncmp(name, "vocabulary.", 11) && strncmp(name, "users.", 6) &&
            strncmp(name, "index.", 6) && !names_codes(name) && !parameters_find(p, name))
            return bad(m, name, "the model with these options has no such weights");
    }
    return 0;
}

static int read_model(struct model *m, const struct model_names *names,
                      const struct safetensors *file, enum file_parts parts, struct buf *taken,
                      struct err *e)
{
    struct matching match = {.model = m, .file = file, .parts = parts, .taken = taken, .e = e};
    int status = taken ? 0 : check_foreign(&match, &m->parameters);
    if (!status)
        status = match_items(&match, names->items);
    if (!status && has_users(m))
        status = match_users(&match, names->users);
    if (!status)
        status = match_contexts(&match, names);
    for (size_t i = 0; i < m->parameters.list.len && !status; i++)
        status = init_parameter(&match, m->device, m->parameters.list.at[i]);
    vec_release(&match.items.row);
    vec_release(&match.users.row);
    for (int i = 0; i < CONTEXTS; i++)
        vec_release(&match.context[i].codes.row);
    return status;
}

int model_file_read(struct model *m, const struct model_names *names,
                    const struct safetensors *file, struct err *e)
{
    return read_model(m, names, file, FILE_ALL, NULL, e);
}

/* A model with a network and a wide part may begin with a file of either. */
static enum file_parts file_parts_of(const struct model *m, const struct safetensors *file)
{
    bool wide = false, network = false;
    for (size_t i = 0; i < m->parameters.list.len; i++) {
        const char *name = m->parameters.list.at[i]->name;
        bool there = safetensors_find(file, name) != NULL, owned = wide_part_owns(name);
        wide |= there && owned;
        network |= there && !owned;
    }
    if (!m->wide || m->class->wide_alone || wide == network)
        return FILE_ALL;
    return wide ? FILE_WIDE : FILE_NETWORK;
}

int model_file_init(struct model *m, const struct model_names *names, const char *path,
                    struct buf *taken, struct err *e)
{
    struct safetensors file;
    if (safetensors_open(&file, path, e))
        return e->status;
    enum file_parts parts = file_parts_of(m, &file);
    if (parts == FILE_NETWORK)
        wide_ready_put(m);
    int status =
        safetensors_load(&file, e) ? e->status : read_model(m, names, &file, parts, taken, e);
    if (!status && taken && !taken->len)
        status = file_bad(&file, "weights", "none has a name and a shape of the model's", e);
    safetensors_close(&file);
    return status;
}
