#include "train/run_intent.h"

#include <string.h>

#include "train/run_contexts.h"

#define ACTION "action"

/* Marks the codes of the actions "buy,order". */
static void mark(struct run_intent *r, const struct names *codes, const char *actions)
{
    r->wanted = mem_zero((size_t)names_count(codes) + 1, 1);
    for (const char *at = actions; at; at = *at ? at + 1 : NULL) {
        size_t len = strcspn(at, ",");
        int32_t code = names_find(codes, (struct bytes){at, len});
        if (code >= 0)
            r->wanted[code] = 1;
        else if (!r->lacks.len)
            buf_append(&r->lacks, at, len);
        at += len;
    }
}

int run_intent_open(struct run_intent *r, const struct model_options *o, const struct meta *m,
                    struct err *e)
{
    struct names codes = {0};
    bool there = false;
    int status = 0;
    *r = (struct run_intent){.codes = 0};
    if (o->intent)
        status = run_contexts_codes(&codes, ACTION, m, &there, e);
    if (there && !status) {
        r->codes = names_count(&codes);
        mark(r, &codes, o->intent);
    }
    names_release(&codes);
    return status;
}

void run_intent_read(struct run_intent *r, struct session_store *store, struct batching *batching)
{
    if (!r->wanted)
        return;
    r->source = (struct intent_source){store->columns.len, r->wanted};
    vec_push(&store->columns,
             ((struct stored_column){ACTION, r->codes, {.limit = store->item.limit}}));
    batching->intent = &r->source;
}

int run_intent_check(const struct run_intent *r, const struct model_options *o, struct err *e)
{
    if (o->intent && !r->wanted)
        return err_set(e, STATUS_USAGE,
                       "--intent %s: the stream's header has no \"codes\" of %s: csv-sessionize "
                       "--carry %s=COLUMN carries a column of the log",
                       o->intent, ACTION, ACTION);
    if (r->lacks.len)
        return err_set(e, STATUS_USAGE, "--intent %s: the stream has no %s \"%.*s\"", o->intent,
                       ACTION, (int)r->lacks.len, r->lacks.at);
    return 0;
}

void run_intent_release(struct run_intent *r)
{
    mem_free(r->wanted);
    buf_release(&r->lacks);
    *r = (struct run_intent){.codes = 0};
}
