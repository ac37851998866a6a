#include "model/contexts.h"

#include <string.h>

#include "base/num.h"
#include "model/batch_events.h"

static int bad(const char *text, struct err *e)
{
    return err_set(
        e, STATUS_USAGE,
        "--context %s: give different keys of the stream's codes, dwell or hour, at most "
        "%d, each with the size of its embeddings or without, such as action:8,dwell",
        text, CONTEXTS);
}

/* Reads "KEY" or "KEY:SIZE". */
static bool parse_key(struct context_key *k, const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len);
    int64_t size = CONTEXT_SIZE;
    size_t name = colon ? (size_t)(colon - text) : len;
    if (colon && (!num_i64(colon + 1, len - name - 1, &size) || size < 1 || size > 4096))
        return false;
    *k = (struct context_key){mem_copy(text, name), (int)size};
    return name > 0;
}

static bool is_new(const struct contexts *c)
{
    for (int i = 0; i + 1 < c->count; i++)
        if (!strcmp(c->key[i].name, c->key[c->count - 1].name))
            return false;
    return true;
}

int contexts_parse(struct contexts *c, const char *text, struct err *e)
{
    *c = (struct contexts){0};
    for (const char *at = text; at; at = *at ? at + 1 : NULL) {
        size_t len = strcspn(at, ",");
        if (c->count == CONTEXTS || !parse_key(&c->key[c->count], at, len))
            return bad(text, e);
        c->count++;
        if (!is_new(c))
            return bad(text, e);
        at += len;
    }
    return 0;
}

void contexts_release(struct contexts *c)
{
    for (int i = 0; i < CONTEXTS; i++)
        mem_free(c->key[i].name);
    *c = (struct contexts){0};
}

int contexts_find(const struct contexts *c, const char *key)
{
    for (int i = 0; i < c->count; i++)
        if (!strcmp(c->key[i].name, key))
            return i;
    return -1;
}

char *contexts_parameter(const char *key)
{
    struct buf name = {0};
    buf_format(&name, "context.%s.weight", key);
    buf_byte(&name, 0);
    return name.at;
}

int contexts_declare(struct contexts *c, struct model *m)
{
    struct err unused; /* the options are checked */
    int width = 0;
    contexts_parse(c, m->options->context, &unused);
    for (int i = 0; i < c->count; i++) {
        char *name = contexts_parameter(c->key[i].name);
        c->weight[i] = parameters_add_matrix(&m->parameters, name, m->data.context_codes[i],
                                             c->key[i].size, 1);
        width += c->key[i].size;
        mem_free(name);
    }
    return width;
}

static void embed(const struct contexts *c, struct tape *t, const struct batch *b,
                  const int32_t *event, int n, struct tensor **part)
{
    for (int i = 0; i < c->count; i++)
        part[i] = tape_rows_of(t, c->weight[i], batch_codes(t, b, i, event, n), n);
}

struct tensor *contexts_beside(const struct contexts *c, struct tape *t, const struct batch *b,
                               const int32_t *event, struct tensor *x)
{
    struct tensor *part[CONTEXTS + 1] = {x};
    embed(c, t, b, event, x->rows, part + 1);
    return tape_concat(t, part, c->count + 1);
}

struct tensor *contexts_alone(const struct contexts *c, struct tape *t, const struct batch *b,
                              const int32_t *event, int n)
{
    struct tensor *part[CONTEXTS];
    embed(c, t, b, event, n, part);
    return tape_concat(t, part, c->count);
}
