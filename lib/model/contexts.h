/* Contexts of events, which a model reads beside their items: each has a table of embeddings of its
 * codes. */
#ifndef MODEL_CONTEXTS_H
#define MODEL_CONTEXTS_H

#include "model/model.h"

enum { CONTEXTS = 8, CONTEXT_SIZE = 16 /* of embeddings, where none is given */ };

struct context_key {
    char *name;
    int size; /* of its embeddings */
};

struct contexts {
    int count;
    struct context_key key[CONTEXTS];
    const struct parameter *weight[CONTEXTS]; /* [codes, size] */
};

/* Reads "KEY[:SIZE],..."; NULL: there are none.  64.  Freed by contexts_release. */
int contexts_parse(struct contexts *c, const char *text, struct err *e);
void contexts_release(struct contexts *c);
/* Which of them is that key's; -1: none. */
int contexts_find(const struct contexts *c, const char *key);

/* Declares the tables "context.KEY.weight" of the model's contexts, which are parsed; returns the
 * width of all embeddings side by side. */
int contexts_declare(struct contexts *c, struct model *m);

/* The name of a context's table, to be freed. */
char *contexts_parameter(const char *key);

/* [x; embeddings of the contexts of the events]: x [n, .] are embeddings of the batch's events by
 * number, host event [n]. */
struct tensor *contexts_beside(const struct contexts *c, struct tape *t, const struct batch *b,
                               const int32_t *event, struct tensor *x);
/* The same without x; there is a context. */
struct tensor *contexts_alone(const struct contexts *c, struct tape *t, const struct batch *b,
                              const int32_t *event, int n);

#endif
