#include "train/saved_model.h"

#include <inttypes.h>

#include "base/num.h"
#include "model/wide_ready.h"
#include "base/time.h"
#include "base/option.h"
#include "train/model_file.h"
#include "train/model_file_names.h"
#include "stream/provenance.h"
#include "stream/json_read.h"

enum { HISTORY = 15 }; /* of files without a "history" */

static int bad(const struct saved_model *t, const char *field, const char *what, struct err *e)
{
    return err_set(e, STATUS_DATA, "%s: __metadata__: %s: %s", t->path, field, what);
}

/* Appends the JSON value of a key, packed, to `to`; nothing if there is none. */
static int packed_of(const struct saved_model *t, const char *key, struct buf *to, struct err *e)
{
    struct bytes text = safetensors_text_of(&t->file, key);
    struct json_read r = {.in = json_in_of(text)};
    const struct json_place header = {bytes_of(PLACE_MAGIC), 2}; /* as in a stream's */
    if (!text.len)
        return 0;
    int status = json_read(&r, to, &header, CURSOR_DEPTH, e);
    if (!status && !json_done(&r.in))
        status = err_set(e, STATUS_DATA, "expected one JSON value");
    json_read_release(&r);
    return status ? err_at(e, "%s: __metadata__: %s", t->path, key) : 0;
}

/* ---- options ---- */

struct reading {
    struct saved_model *model;
    struct option *rows; /* of the model's class, bound to its options */
    int status;
    struct err *e;
};

/* Copies a text value, which the options then point to; NULL: refused. */
static const char *keep_text(struct reading *r, struct bytes value)
{
    char *text = mem_copy(value.at, value.len);
    vec_push(&r->model->settings, text);
    if (strlen(text) == value.len)
        return text;
    r->status = bad(r->model, "options", "a text with a zero byte", r->e);
    return NULL;
}

/* Reads the model's options and the seed; options of training and output are skipped. */
static void set_option(void *to, int program, struct bytes name, struct bytes value)
{
    struct reading *r = to;
    const struct option seed = {OPTION_INT, .name = "seed", .to = &r->model->seed};
    const struct option *o = r->rows;
    (void)program;
    while (o->kind != OPTION_END && !bytes_equal(name, bytes_of(o->name)))
        o++;
    if (bytes_equal(name, bytes_of(seed.name)))
        o = &seed;
    if (r->status || o->kind == OPTION_END)
        return;
    const char *text = keep_text(r, value);
    if (text && option_restore(o, value.len ? text : NULL, r->e)) {
        r->status = r->e->status = STATUS_DATA;
        err_at(r->e, "%s: __metadata__: options: %s", r->model->path, o->name);
    }
}

static int read_class(struct saved_model *t, struct err *e)
{
    struct bytes model = safetensors_text_of(&t->file, "model");
    if (!model.len || !safetensors_text_of(&t->file, "options").len)
        return bad(t, model.len ? "options" : "model", "is missing: trainer --save writes it", e);
    char *name = mem_copy(model.at, model.len);
    int status = model_find(name, &t->class, e);
    mem_free(name);
    if (status) {
        e->status = STATUS_DATA;
        return err_at(e, "%s: __metadata__: model", t->path);
    }
    t->options = model_options_new(t->class);
    return 0;
}

static int read_options(struct saved_model *t, struct err *e)
{
    struct buf packed = {0};
    struct meta m = {0};
    if (read_class(t, e))
        return e->status;
    struct reading r = {.model = t, .rows = option_bind(t->class->options, t->options), .e = e};
    int status = packed_of(t, "options", &packed, e);
    if (!status) {
        meta_add_program(&m, "", "", (struct bytes){packed.at, packed.len});
        if (provenance_each(&m, set_option, &r, e))
            status = bad(t, "options", "not an object of options", e);
        else
            status = r.status;
    }
    meta_release(&m);
    buf_release(&packed);
    mem_free(r.rows);
    if (!status && model_check(t->class, t->options, e)) {
        e->status = STATUS_DATA;
        status = err_at(e, "%s: __metadata__: options", t->path);
    }
    return status;
}

/* ---- what it was trained on ---- */

static int read_maker(struct saved_model *t, struct err *e)
{
    struct buf packed = {0};
    uint32_t count;
    struct bytes program = {NULL, 0};
    int status = packed_of(t, "pipeline", &packed, e);
    struct cursor c = cursor_of((struct bytes){packed.at, packed.len});
    if (!status && packed.len && !cursor_array(&c, &count))
        status = bad(t, "pipeline", "expected a list of programs", e);
    while (!status && cursor_value(&c, CURSOR_DEPTH, &program)) /* up to the last */
        ;
    if (!status && program.len && !meta_is_program(program))
        status = bad(t, "pipeline", "expected [program, version, {options}]", e);
    buf_append(&t->maker, program.at, program.len);
    buf_release(&packed);
    return status;
}

static int read_number(const struct saved_model *t, const char *key, int64_t low, int64_t high,
                       int64_t *value, struct err *e)
{
    struct json_in in = json_in_of(safetensors_text_of(&t->file, key));
    struct bytes text;
    bool whole;
    if (in.at == in.end)
        return 0;
    if (!json_numeral(&in, &text, &whole) || !json_done(&in) ||
        !num_i64(text.at, text.len, value) || *value < low || *value > high)
        return bad(t, key, "expected a whole number", e);
    return 0;
}

static int read_edges(const struct saved_model *t, const char *key, i64_vec *edges, struct err *e)
{
    struct json_in in = json_in_of(safetensors_text_of(&t->file, key));
    int64_t edge;
    if (in.at == in.end)
        return 0;
    bool more = json_take(&in, '[');
    bool empty = more && json_take(&in, ']');
    while (more && !empty && json_integer(&in, &edge) &&
           (!edges->len || edge > edges->at[edges->len - 1])) {
        vec_push(edges, edge);
        more = json_take(&in, ',');
    }
    if (empty ? !json_done(&in) : more || !json_take(&in, ']') || !json_done(&in))
        return bad(t, key, "expected a list of ascending whole numbers", e);
    return 0;
}

static int open_ready(struct saved_model *t)
{
    struct err unused; /* the class is there */
    *t = (struct saved_model){.path = "the ready-made model",
                              .ready = true,
                              .file = {.fd = -1},
                              .history = HISTORY,
                              .seed = 1};
    model_find("wide", &t->class, &unused);
    t->options = model_options_new(t->class);
    return 0;
}

int saved_model_open(struct saved_model *t, const char *path, struct err *e)
{
    bool named;
    if (!path)
        return open_ready(t);
    *t = (struct saved_model){.path = path, .file = {.fd = -1}, .history = HISTORY, .seed = 1};
    if (safetensors_open(&t->file, path, e))
        return e->status;
    if (safetensors_load(&t->file, e) || read_options(t, e) || read_maker(t, e) ||
        read_number(t, "history", 0, 1 << 20, &t->history, e) ||
        read_number(t, "week_shift", -TIME_LIMIT, TIME_LIMIT, &t->week_shift, e) ||
        read_edges(t, "delta_edges", &t->edges, e) ||
        read_edges(t, "dwell_edges", &t->dwell_edges, e) ||
        model_file_items(&t->file, &t->items, NULL, e) ||
        file_names_read(&t->file, "users", &t->users, &named, e))
        return e->status;
    t->reversed = bytes_equal(safetensors_text_of(&t->file, "reversed"), bytes_of("true"));
    return 0;
}

int saved_model_weights(const struct saved_model *t, struct model *m,
                        const struct model_names *names, struct err *e)
{
    if (!t->ready)
        return model_file_read(m, names, &t->file, e);
    wide_ready_put(m);
    return 0;
}

int saved_model_check(const struct saved_model *t, const struct meta *m, struct err *e)
{
    int64_t shift = 0;
    int reversed = false;
    i64_vec edges = {0};
    if (meta_get_bool(m, "reversed", &reversed, e))
        return e->status;
    if (!reversed != !t->reversed)
        return err_set(e, STATUS_DATA,
                       "%s has learned from sessions %s, and those of the stream are %s (batcher "
                       "--reverse)",
                       t->path, t->reversed ? "from their end" : "from their beginning",
                       reversed ? "from their end" : "from their beginning");
    if (meta_get_int(m, "week_shift", &shift, e) || meta_get_i64s(m, "delta_edges", &edges, e))
        return e->status;
    bool same = edges.len == t->edges.len &&
                (!edges.len || !memcmp(edges.at, t->edges.at, edges.len * sizeof *edges.at));
    vec_release(&edges);
    if (t->edges.len && !same && safetensors_find(&t->file, "delta_embedding.weight"))
        return err_set(e, STATUS_DATA,
                       "%s attends to the age of sessions, and the age buckets of its training "
                       "were others than those of this stream (delta_edges)",
                       t->path);
    if (shift != t->week_shift && (safetensors_find(&t->file, "week_embedding.weight") ||
                                   safetensors_find(&t->file, "context.hour.weight")))
        return err_set(e, STATUS_DATA,
                       "%s reads the hour of events, which in its training was shifted by "
                       "%" PRId64 " s and in this stream by %" PRId64 " (week_shift)",
                       t->path, t->week_shift, shift);
    return 0;
}

void saved_model_chain(const struct saved_model *t, struct meta *m)
{
    struct buf program = {0};
    if (!t->maker.len)
        return;
    buf_append(&program, t->maker.at, t->maker.len);
    vec_push(&m->pipeline, program);
}

void saved_model_close(struct saved_model *t)
{
    if (!t->ready)
        safetensors_close(&t->file);
    names_release(&t->items);
    names_release(&t->users);
    vec_release(&t->edges);
    vec_release(&t->dwell_edges);
    buf_release(&t->maker);
    for (size_t i = 0; i < t->settings.len; i++)
        mem_free(t->settings.at[i]);
    vec_release(&t->settings);
    mem_free(t->options);
}
