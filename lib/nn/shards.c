#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "nn/shards.h"

#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

#include "nn/device_open.h"
#include "nn/shard_parts.h"

/* ---- what all ranks do at a command ---- */

static void make_array(struct shards *s, const struct shard_command *c)
{
    struct shard_array a = {.rows = c->number[0], .row_bytes = (size_t)c->number[1]};
    size_t bytes = (size_t)shard_rows(s, a.rows) * a.row_bytes;
    size_t words = (bytes + sizeof(float) - 1) / sizeof(float);
    a.own = s->op->alloc(s->device, words * sizeof(float));
    s->op->fill(s->device, a.own, 0, words); /* all bits of 0.0 are 0 */
    if ((size_t)c->array[0] == s->arrays.len)
        vec_push(&s->arrays, a);
    else
        s->arrays.at[c->array[0]] = a;
}

static void release_array(struct shards *s, const struct shard_command *c)
{
    struct shard_array *a = &s->arrays.at[c->array[0]];
    s->op->release(s->device, a->own);
    a->own = a->address = NULL;
}

/* The command that every rank gets first: the device. */
struct opening {
    char choice[64];
    struct device_options options;
};

/* What a rank says of its device. */
struct opened {
    int status;
    char why[252];
};

static void open_device(struct shards *s, const struct opening *o, struct opened *got)
{
    struct err e = {0};
    got->status = device_choose(o->choice, &o->options, &s->device, &e);
    snprintf(got->why, sizeof got->why, "%.*s", (int)sizeof got->why - 1,
             got->status ? e.text : s->device->name);
    s->op = got->status ? NULL : s->device->op;
    s->workspace = o->options.workspace;
}

/* Tells rank 0, which gets [count]. */
static struct opened *tell_opened(struct shards *s, const struct opened *own)
{
    struct opened *all = s->rank ? NULL : mem_zero((size_t)s->count, sizeof *all);
    for (int r = 0; r < s->count; r++)
        s->sizes[r] = sizeof *own;
    ranks_gather(s->ranks, own, sizeof *own, all, s->sizes);
    return all;
}

static struct shards *shards_new(struct rank_group *ranks)
{
    struct shards *s = mem_zero(1, sizeof *s);
    s->ranks = ranks;
    s->rank = ranks_rank(ranks);
    s->count = ranks_count(ranks);
    s->sizes = mem_zero((size_t)s->count, sizeof *s->sizes);
    return s;
}

static void shards_free(struct shards *s)
{
    for (size_t i = 0; i < s->arrays.len; i++)
        if (s->arrays.at[i].own)
            s->op->release(s->device, s->arrays.at[i].own);
    for (int i = 0; i < SHARD_ROOMS; i++) {
        mem_free(s->host[i].at);
        if (s->memory[i].at)
            s->op->release(s->device, s->memory[i].at);
    }
    vec_release(&s->arrays);
    mem_free(s->sizes);
    mem_free(s);
}

static void obey(struct shards *s, const struct shard_command *c)
{
    switch ((enum shard_verb)c->verb) {
    case SHARD_MAKE:
        make_array(s, c);
        break;
    case SHARD_RELEASE:
        release_array(s, c);
        break;
    case SHARD_UPLOAD:
        shard_upload(s, c, NULL);
        break;
    case SHARD_DOWNLOAD:
        shard_download(s, c, NULL);
        break;
    case SHARD_FILL:
        shard_fill(s, c);
        break;
    case SHARD_COPY:
        shard_copy(s, c);
        break;
    case SHARD_ADD:
        shard_add(s, c);
        break;
    case SHARD_SCALED:
        shard_scaled(s, c);
        break;
    case SHARD_PRODUCT:
        shard_product(s, c);
        break;
    case SHARD_LINEAR:
        shard_linear(s, c, NULL);
        break;
    case SHARD_FACTOR:
        shard_factor(s, c);
        break;
    case SHARD_BIAS:
        shard_bias(s, c, NULL);
        break;
    case SHARD_ROW_SUM:
        shard_row_sum(s, c);
        break;
    case SHARD_COLUMNS:
        shard_columns(s, c);
        break;
    case SHARD_ACTIVATE:
        shard_activate(s, c);
        break;
    case SHARD_ACTIVATE_BACK:
        shard_activate_back(s, c);
        break;
    case SHARD_NORMALIZE:
        shard_normalize(s, c);
        break;
    case SHARD_GATHER:
        shard_gather(s, c, NULL);
        break;
    case SHARD_GATHER_BACK:
        shard_gather_back(s, c, NULL);
        break;
    case SHARD_LAZY_UPDATE:
        shard_lazy_update(s, c, NULL);
        break;
    case SHARD_ROWS_UPDATE:
        shard_rows_update(s, c, NULL);
        break;
    case SHARD_UPDATE:
        shard_update(s, c);
        break;
    case SHARD_SQUARES:
        shard_squares(s, c);
        break;
    case SHARD_LOSS:
    case SHARD_DISTILL:
        shard_loss(s, c, NULL);
        break;
    case SHARD_RANK:
        shard_rank(s, c, NULL);
        break;
    case SHARD_OPEN:
    case SHARD_END:
    case SHARD_VERBS:
        break;
    }
}

void shards_serve(struct rank_group *ranks)
{
    struct shards *s = shards_new(ranks);
    char got[RANKS_COMMAND];
    struct shard_command c;
    signal(SIGINT, SIG_IGN); /* rank 0 decides when the run ends */
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    for (;;) {
        ranks_send(ranks, got, sizeof got);
        memcpy(&c, got, sizeof c);
        if (c.verb == SHARD_END)
            break;
        if (c.verb == SHARD_OPEN) {
            struct opening o;
            struct opened own;
            ranks_send(ranks, &o, sizeof o);
            o.options.on_failure = NULL;
            open_device(s, &o, &own);
            tell_opened(s, &own);
        } else {
            obey(s, &c);
        }
    }
    struct device *d = s->device;
    shards_free(s);
    device_close(d);
}

/* ---- rank 0: the table of operations ---- */

static void on_release(struct device *d, void *p)
{
    struct shards *s = d->shards;
    int32_t number = shard_find(s, p, NULL);
    if (number < 0) {
        s->op->release(d, p);
        return;
    }
    const struct shard_array *a = &s->arrays.at[number];
    struct shard_command c = shard_command(SHARD_RELEASE);
    c.array[0] = number;
    munmap(a->address, (size_t)a->rows * a->row_bytes);
    shard_begin(s, &c);
    release_array(s, &c);
    shard_end(s);
}

/* The command for a part of a table that begins at an address and has that many bytes; false: the
 * address is of no table. */
static bool command_of(const struct shards *s, enum shard_verb verb, const void *at, size_t bytes,
                       struct shard_command *c)
{
    size_t from;
    *c = shard_command(verb);
    c->array[0] = shard_find(s, at, &from);
    if (c->array[0] < 0)
        return false;
    c->number[0] = (int64_t)from;
    c->number[1] = (int64_t)(from + bytes);
    return true;
}

static void on_upload(struct device *d, void *to, const void *from_host, size_t bytes)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!command_of(s, SHARD_UPLOAD, to, bytes, &c)) {
        s->op->upload(d, to, from_host, bytes);
        return;
    }
    shard_begin(s, &c);
    shard_upload(s, &c, &(struct shard_bytes){.from = from_host});
    shard_end(s);
}

static void on_download(struct device *d, void *to_host, const void *from, size_t bytes)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!command_of(s, SHARD_DOWNLOAD, from, bytes, &c)) {
        s->op->download(d, to_host, from, bytes);
        return;
    }
    shard_begin(s, &c);
    shard_download(s, &c, &(struct shard_bytes){.to = to_host});
    shard_end(s);
}

static void on_fill(struct device *d, float *to, float value, size_t n)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!command_of(s, SHARD_FILL, to, n * sizeof *to, &c)) {
        s->op->fill(d, to, value, n);
        return;
    }
    c.number[0] /= (int64_t)sizeof *to;
    c.number[1] /= (int64_t)sizeof *to;
    c.value = value;
    shard_begin(s, &c);
    shard_fill(s, &c);
    shard_end(s);
}

static void on_copy(struct device *d, float *to, const float *from, size_t n)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!shard_command_of(s, SHARD_COPY, TABLES(to, from), &c)) {
        s->op->copy(d, to, from, n);
        return;
    }
    shard_begin(s, &c);
    shard_copy(s, &c);
    shard_end(s);
}

static void on_add(struct device *d, float *to, const float *from, size_t n)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!shard_command_of(s, SHARD_ADD, TABLES(to, from), &c)) {
        s->op->add(d, to, from, n);
        return;
    }
    shard_begin(s, &c);
    shard_add(s, &c);
    shard_end(s);
}

/* The distinct rows of a plan, on the host. */
static const int32_t *distinct_rows(struct shards *s, const struct rows *r)
{
    return shard_to_host(s, 4, r->row, (size_t)r->unique * sizeof *r->row);
}

static void on_gather(struct device *d, const struct rows *r, int cols, const float *table,
                      float *out)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!command_of(s, SHARD_GATHER, table, 0, &c)) {
        s->op->gather(d, r, cols, table, out);
        return;
    }
    size_t n = (size_t)r->count;
    struct shard_distinct rows = shard_distinct(s, r);
    float *distinct = shard_memory(s, 7, (size_t)rows.count * (size_t)cols * sizeof *distinct);
    c.number[0] = rows.count;
    c.number[1] = cols;
    shard_begin(s, &c);
    shard_gather(s, &c, &(struct shard_rows_call){.row = rows.row, .to = distinct});
    shard_end(s);
    const int32_t *place = shard_to_device(s, 8, rows.place, n * sizeof *place);
    s->op->gather(d, &(struct rows){.count = r->count, .at = place}, cols, distinct, out);
}

static void on_gather_back(struct device *d, const struct rows *r, int cols, const float *g,
                           float *table)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!command_of(s, SHARD_GATHER_BACK, table, 0, &c)) {
        s->op->gather_back(d, r, cols, g, table);
        return;
    }
    c.number[0] = r->unique;
    c.number[1] = cols;
    shard_begin(s, &c);
    shard_gather_back(s, &c, &(struct shard_rows_call){.row = distinct_rows(s, r), .from = g});
    shard_end(s);
}

static void on_rows_lazy_update(struct device *d, const struct update *u, const struct rows *r,
                                int cols, float *w, float *m, float *v, int32_t *last)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!shard_command_of(s, SHARD_LAZY_UPDATE, TABLES(w, m, v, last), &c)) {
        s->op->rows_lazy_update(d, u, r, cols, w, m, v, last);
        return;
    }
    c.update = *u;
    bool all = r->unique >= s->arrays.at[c.array[0]].rows;
    const struct shard_rows_call call = {.row = all ? NULL : distinct_rows(s, r)};
    c.number[0] = all ? -1 : r->unique;
    c.number[1] = cols;
    shard_begin(s, &c);
    shard_lazy_update(s, &c, &call);
    shard_end(s);
}

static void on_rows_update(struct device *d, const struct update *u, const struct rows *r, int cols,
                           const float *g, float *w, float *m, float *v, int32_t *last)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!shard_command_of(s, SHARD_ROWS_UPDATE, TABLES(w, m, v, last), &c)) {
        s->op->rows_update(d, u, r, cols, g, w, m, v, last);
        return;
    }
    c.update = *u;
    c.number[0] = r->unique;
    c.number[1] = cols;
    shard_begin(s, &c);
    shard_rows_update(s, &c, &(struct shard_rows_call){.row = distinct_rows(s, r), .from = g});
    shard_end(s);
}

static void on_update(struct device *d, const struct update *u, size_t n, float *w, float *g,
                      float *m, float *v)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!shard_command_of(s, SHARD_UPDATE, TABLES(w, g, m, v), &c)) {
        s->op->update(d, u, n, w, g, m, v);
        return;
    }
    c.update = *u;
    shard_begin(s, &c);
    shard_update(s, &c);
    shard_end(s);
}

static double on_square_sum(struct device *d, const float *g, size_t n)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!shard_command_of(s, SHARD_SQUARES, TABLES(g), &c))
        return s->op->square_sum(d, g, n);
    shard_begin(s, &c);
    double sum = shard_squares(s, &c);
    shard_end(s);
    return sum;
}

/* ---- rank 0: the output layer ---- */

/* Rows of a chunk: the scores of the largest shard, of so many models, fit the workspace, and the
 * states of a chunk fit the second-level cache of a processor.  Chunks of nearly the same size, in
 * whole vectors. */
static int chunk_rows(const struct shards *s, const struct output_layer *o, int models)
{
    enum { MOST = 512, LINE = 16 };
    int64_t shard = ((int64_t)o->items + s->count - 1) / s->count;
    size_t workspace = s->workspace ? s->workspace : (size_t)128 << 20;
    int64_t fit = (int64_t)(workspace / sizeof(float)) / (shard * models);
    fit = fit < 1 ? 1 : fit < MOST ? fit : MOST;
    int64_t chunks = (o->targets + fit - 1) / fit;
    int64_t rows = chunks ? (o->targets + chunks - 1) / chunks : 1;
    int64_t whole = (rows + LINE - 1) / LINE * LINE;
    return (int)(whole < fit ? whole : rows);
}

static bool command_of_output(const struct shards *s, enum shard_verb verb,
                              const struct output_layer *o, struct shard_command *c)
{
    *c = shard_command(verb);
    c->array[0] = shard_find(s, o->weight, NULL);
    if (c->array[0] < 0)
        return false;
    c->array[1] = shard_find(s, o->bias, NULL);
    c->array[4] = shard_find(s, o->candidate, NULL);
    c->number[SHARD_TARGETS] = o->targets;
    c->number[SHARD_WIDTH] = o->width;
    c->number[SHARD_ITEMS] = o->items;
    c->number[SHARD_ADDED] = o->add.count;
    c->number[SHARD_WANTS] = o->add.grad ? SHARD_DADDED : 0;
    c->number[SHARD_CHUNK] = chunk_rows(s, o, verb == SHARD_DISTILL ? 2 : 1);
    c->value = o->factor;
    return true;
}

static void on_output_loss(struct device *d, const struct output_layer *o, float *loss,
                           float *dstate, float *dweight, float *dbias)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!command_of_output(s, SHARD_LOSS, o, &c)) {
        s->op->output_loss(d, o, loss, dstate, dweight, dbias);
        return;
    }
    if (!o->targets)
        return;
    c.array[2] = shard_find(s, dweight, NULL);
    c.array[3] = shard_find(s, dbias, NULL);
    c.number[SHARD_WANTS] |= dstate ? SHARD_DSTATE : 0;
    shard_begin(s, &c);
    shard_loss(s, &c, &(struct shard_output_call){.o = o, .loss = loss, .dstate = dstate});
    shard_end(s);
}

static void on_output_distill(struct device *d, const struct output_layer *o,
                              const struct taught *by, float *loss, float *dstate, float *dweight,
                              float *dbias)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!command_of_output(s, SHARD_DISTILL, o, &c)) {
        s->op->output_distill(d, o, by, loss, dstate, dweight, dbias);
        return;
    }
    if (!o->targets)
        return;
    c.array[2] = shard_find(s, dweight, NULL);
    c.array[3] = shard_find(s, dbias, NULL);
    c.array[5] = shard_find(s, by->weight, NULL);
    c.array[6] = shard_find(s, by->bias, NULL);
    c.number[SHARD_WANTS] |= dstate ? SHARD_DSTATE : 0;
    c.number[SHARD_TAUGHT] = by->width;
    c.value = by->temperature;
    shard_begin(s, &c);
    shard_loss(s, &c,
               &(struct shard_output_call){.o = o, .by = by, .loss = loss, .dstate = dstate});
    shard_end(s);
}

static void on_output_rank(struct device *d, const struct output_layer *o, float *loss,
                           int32_t *rank, int32_t *ties, int k, int32_t *top_item, float *top_score)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!command_of_output(s, SHARD_RANK, o, &c)) {
        s->op->output_rank(d, o, loss, rank, ties, k, top_item, top_score);
        return;
    }
    if (!o->targets)
        return;
    c.number[SHARD_BEST] = k;
    shard_begin(s, &c);
    shard_rank(s, &c,
               &(struct shard_output_call){.o = o,
                                           .loss = loss,
                                           .rank = rank,
                                           .ties = ties,
                                           .item = top_item,
                                           .score = top_score});
    shard_end(s);
}

/* ---- rank 0: opening ---- */

bool shards_spread(const struct device *d, const void *at)
{
    return d->shards && shard_find(d->shards, at, NULL) >= 0;
}

void *shards_zeros(struct device *d, int64_t rows, size_t row_bytes)
{
    size_t bytes = (size_t)rows * row_bytes;
    struct shards *s = d->shards;
    if (!s) {
        size_t words = (bytes + sizeof(float) - 1) / sizeof(float);
        return device_zeros(d, words);
    }
    struct shard_command c = shard_command(SHARD_MAKE);
    size_t number = 0;
    while (number < s->arrays.len && s->arrays.at[number].address)
        number++;
    c.array[0] = (int32_t)number;
    c.number[0] = rows;
    c.number[1] = (int64_t)row_bytes;
    /* an address alone: whatever takes it for memory ends at once */
    const int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *address = mmap(NULL, bytes, PROT_NONE, how, -1, 0);
    if (address == MAP_FAILED)
        mem_fail_for("out of memory: no address space for a table of items");
    shard_begin(s, &c);
    make_array(s, &c);
    shard_end(s);
    s->arrays.at[number].address = address;
    return address;
}

static void set_table(struct shards *s)
{
    s->table = *s->op;
    s->table.release = on_release;
    s->table.upload = on_upload;
    s->table.download = on_download;
    s->table.fill = on_fill;
    s->table.copy = on_copy;
    s->table.add = on_add;
    s->table.gather = on_gather;
    s->table.gather_back = on_gather_back;
    s->table.rows_lazy_update = on_rows_lazy_update;
    s->table.rows_update = on_rows_update;
    s->table.update = on_update;
    s->table.square_sum = on_square_sum;
    s->table.output_loss = on_output_loss;
    s->table.output_distill = on_output_distill;
    s->table.output_rank = on_output_rank;
    shard_set_layers(&s->table);
}

int shards_open(struct device *own, struct rank_group *ranks, const char *choice,
                const struct device_options *o, struct err *e)
{
    struct shards *s = shards_new(ranks);
    struct opening opening = {.options = *o};
    struct opened here = {0};
    struct shard_command c = shard_command(SHARD_OPEN);
    int status = 0;
    snprintf(opening.choice, sizeof opening.choice, "%s", choice);
    opening.options.on_failure = NULL;
    s->device = own;
    s->op = own->op;
    s->workspace = o->workspace;
    shard_begin(s, &c);
    ranks_send(ranks, &opening, sizeof opening);
    struct opened *all = tell_opened(s, &here);
    shard_end(s);
    for (int r = 1; r < s->count && !status; r++)
        if (all[r].status)
            status = err_set(e, all[r].status, "rank %d of %d: %s", r, s->count, all[r].why);
    mem_free(all);
    set_table(s);
    own->op = &s->table;
    own->shards = s;
    return status;
}

void shards_close(struct device *own)
{
    struct shards *s = own ? own->shards : NULL;
    if (!s)
        return;
    own->op = s->op;
    own->shards = NULL;
    shards_free(s);
}
