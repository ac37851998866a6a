/* A model is one file and one row of the registry: its options, its parameters and its forward
 * pass over one batch.  Training, testing, saving and the command line are the same for all.
 *
 * Batches are taken at their word: ids, buckets and lengths are in range (the stream's reader sees
 * to it). */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "base/attention_levels.h"
#include "base/option.h"
#include "base/records.h"
#include "nn/state.h"
#include "nn/tape.h"

/* What a model may know of the data. */
struct model_data {
    int32_t users, items;
    int32_t history;       /* most earlier sessions that a batch gives */
    int32_t delta_buckets; /* edges + 1, the last for all that is older */
    bool keeps_order;      /* each user's sessions come in order */
    bool history_items;    /* batches hold the items of earlier sessions */
    int groups;            /* blocks of per-user weights; 0: one a user */
    const int32_t *group;  /* [users] whose block each user takes; NULL: his own */
    int32_t lanes;         /* of steps; 0: batches of whole sessions */
    const int32_t *count;  /* host [items] how often training has each; NULL: not known */
    const char *scheme;    /* how the batches were made, for messages; NULL: not known */
};

/* Options that models share, the first member of each model's own.  A model offers those that it
 * has a row for. */
struct model_options {
    int64_t embedding; /* E */
    double dropout;
    const char *gru;      /* "reset-after", "reset-before" */
    const char *per_user; /* "inter,intra", "session,user": levels with weights for each user */
    const char *clusters; /* a number or a file: such weights for clusters of users instead */
    bool join_sessions;   /* each user's sessions are read as one */
    int64_t unroll;       /* steps of an update, of slots */
};

/* Rows for them, one table each. */
extern const struct option model_size_rows[];        /* embedding, dropout */
extern const struct option model_gru_rows[];         /* gru */
extern const struct option model_user_weight_rows[]; /* per-user, clusters */
extern const struct option model_unroll_rows[];      /* unroll */

enum { WEEK_HOURS = 168 }; /* hours of the week; this one after them means "none" */

/* The earlier sessions that each of a batch's sessions looks back at, the oldest first, end to end.
 * A row of -1 stands for none: a user without earlier sessions may have a single one. */
struct lookback {
    int total;
    const int32_t *length; /* host [B] */
    const int32_t *row;    /* host [total] place in the batch's history arrays; -1 */
};

/* What the forward pass of one batch leaves for the output layer and for pictures: tensors of the
 * tape, host arrays of its arena.  While it trains, a model may have more targets. */
struct forward {
    struct tensor *state;  /* [T, S], after dropout: T = Σ(length - 1), sessions end to end */
    const int32_t *target; /* host [T] */
    int targets;
    const struct parameter *output, *output_bias; /* [N, S], [N], or NULL: no bias */
    struct lookback back;                         /* what all that follows stands over */
    /* The attention weights of each level, on the device, and how many; NULL: none of that level.
     * inter, user: one for each row of `back`; intra: of each session all its targets', one row of
     * its lookback each; session: one for each event of each row of `back`; item: of each target
     * one for each of its newest inputs, item_count[i] from item_at[i] on (host [T]). */
    const float *weight[LEVELS];
    int weights[LEVELS];
    const int32_t *item_at, *item_count;
    void *plan; /* of lanes, the model's own: what `steps` takes from `plan` */
};

/* Steps of lanes (sesspipe-stream(5)): arrays [count, lanes], step by step.  A lane stands still
 * where its item is -1: nothing ends or begins there. */
struct slot_steps {
    int32_t lanes;
    int count;
    const int32_t *item, *target, *user;
    const unsigned char *reset;
};

struct model;

struct model_class {
    const char *name, *purpose;
    /* Its options: a struct of so many bytes that begins with struct model_options, the values
     * where none are given, and the rows, whose `at` is a member's offset; NULL behind the last
     * table. */
    size_t options_size;
    const void *defaults;
    const struct option *const *options;
    bool needs_order; /* keeps representations: wants each user's sessions in order */
    bool needs_items; /* reads the earlier sessions' items */
    bool samples;     /* its loss goes over some of the items only, as do those of all slots */
    const char *loss; /* where none is asked for; NULL: cross-entropy */
    /* Checks its options together: 64 with a text that says what is possible.  NULL: any. */
    int (*check)(const struct model_options *o, struct err *e);
    /* Whether it attends to anything with these (checked) options.  NULL: never. */
    bool (*attends)(const struct model_options *o);
    /* Declares the parameters; the options are checked. */
    void (*open)(struct model *m);
    /* Batches of whole sessions, or NULL and steps of lanes, of which only state, target and output
     * of *f are there: of each step its lanes that are not idle.  Of steps comes a plan first, with
     * all but the state, made and sent before any operation, so that it goes together with what
     * the loss needs. */
    void (*forward)(struct model *m, struct tape *t, const struct batch *b, struct forward *f);
    void (*plan)(struct model *m, struct tape *t, const struct slot_steps *s, struct forward *f);
    void (*steps)(struct model *m, struct tape *t, struct forward *f);
    /* A pass begins, before restart.  NULL: nothing to do. */
    void (*pass)(struct model *m, struct tape *t);
    /* After the whole batch: stores representations.  NULL: nothing to do. */
    void (*finish)(struct model *m, struct tape *t, const struct batch *b);
    /* A training pass begins: representations are emptied.  NULL: there are none. */
    void (*restart)(struct model *m);
    /* What it remembers between batches, beside its parameters, for checkpoints: one list that both
     * writes and restores it (nn/state.h).  NULL: nothing. */
    void (*state)(struct model *m, struct state *s);
    void (*close)(struct model *m);
};

struct model {
    const struct model_class *class;
    const struct model_options *options; /* those of its class */
    struct model_data data;
    struct device *device;
    struct parameters parameters;
    void *own; /* the model's own state */
};

/* The registry; NULL-terminated. */
extern const struct model_class *const model_classes[];

/* The class of that name.  64: there is none; the text names all. */
int model_find(const char *name, const struct model_class **class, struct err *e);

/* Options with the values of its defaults; the caller frees them with mem_free. */
struct model_options *model_options_new(const struct model_class *class);

/* Appends the model's name and what was chosen for it beside its defaults: "ii-rnn hidden,delta".
 */
void model_label(const struct model_class *class, const struct model_options *o, struct buf *to);

/* Checks the options before there is any data.  64: impossible ones. */
int model_check(const struct model_class *class, const struct model_options *o, struct err *e);

bool model_attends(const struct model_class *class, const struct model_options *o);

/* Whether it takes steps of slots rather than whole sessions. */
bool model_takes_slots(const struct model_class *class);

/* The loss that it is trained with where none is asked for. */
const char *model_loss(const struct model_class *class);

/* The output layer over all items as the operations take it: [N, S] and [1, N]. */
struct tensor *model_output(struct tape *t, const struct forward *f);
struct tensor *model_output_bias(struct tape *t, const struct forward *f);

/* The model, declared, its parameters not yet allocated; the options, which are checked, stay the
 * caller's and as they are.  64: data that the model cannot learn from. */
int model_open(struct model *m, const struct model_class *class, const struct model_options *o,
               const struct model_data *data, struct device *d, struct err *e);
void model_close(struct model *m);

/* Whether reset gates act before the product, in all its GRUs. */
bool model_reset_before(const struct model *m);

#endif
