/* A model is one file and one row of the registry: its options, its parameters and its forward
 * pass over one batch.  Training, testing, saving and the command line are the same for all.
 *
 * Models do not check batches: the stream's reader has checked that ids, buckets and lengths are in
 * range. */
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
    int32_t history; /* how many sessions of a user are remembered; may be set while none is */
    int32_t delta_buckets; /* buckets of session ages: edges + 1, the last of all older sessions */
    int groups;            /* sets of per-user weights; 0: one for each user */
    const int32_t *group;  /* [users] which set each user takes; NULL: one for each user */
    int32_t slots;         /* of parallel mini-batches; 0: there are none */
    const int32_t *count;  /* host [items] events of each in training; NULL: not known */
    const int32_t *context_codes; /* how many codes each of the options' contexts has */
};

/* Options that models share: the first member of each model's own options struct.  A model offers
 * those for which its table has a row. */
struct model_options {
    int64_t embedding; /* E */
    double dropout;
    double item_dropout;  /* how likely an input of a session is left out in training */
    const char *decoder;  /* "dense", "tied", "bilinear", "embedding" (model/item_output.h) */
    const char *gru;      /* "reset-after", "reset-before" */
    const char *cell;     /* "gru", "lstm"; NULL: GRUs (model/recurrent.h) */
    const char *layers;   /* "256,128": sizes of dense layers (model/dense_layers.h) */
    int64_t users;        /* size of embeddings of users; 0: none (model/user_embedding.h) */
    const char *intra;    /* "cat", "sum": attention to earlier sessions at every step; NULL */
    const char *per_user; /* "inter,intra", "session,user": levels with weights for each user */
    const char *clusters; /* a number or a file: clusters of users that share such weights */
    const char *cluster_encoders; /* "inter,intra": levels with a GRU for each cluster */
    bool join_sessions;           /* each user's sessions are read as one */
    bool wide;                    /* with the wide part (model/wide_part.h) */
    int64_t postings;             /* how many of an item's newest sessions it looks at */
    const char *without;  /* "own,habit": kinds of evidence that it does not know; NULL: none */
    int64_t unroll;       /* steps of slots in one update */
    const char *context;  /* "action,dwell:8": what is read beside items (model/contexts.h); NULL */
    const char *dwell_of; /* "before", "own": the time that the context dwell is */
    const char *intent;   /* "buy,order": actions of a second output; NULL: there is none */
    const char *teacher;  /* the file of a model that teaches (train/teacher.h); NULL: none */
    double teacher_weight, teacher_temperature;
};

/* Their option rows. */
extern const struct option model_size_rows[];         /* embedding, dropout */
extern const struct option model_item_dropout_rows[]; /* item-dropout */
extern const struct option model_decoder_rows[];      /* decoder */
extern const struct option model_gru_rows[];          /* gru */
extern const struct option model_intra_rows[];        /* intra */
extern const struct option model_user_weight_rows[];  /* per-user, clusters, cluster-encoders */
extern const struct option model_unroll_rows[];       /* unroll */
extern const struct option model_context_rows[];      /* context, dwell-of */
extern const struct option model_teacher_rows[];      /* teacher, -weight, -temperature */
extern const struct option model_wide_rows[];         /* wide */
extern const struct option model_evidence_rows[];     /* postings, without */

enum { WEEK_HOURS = 168 }; /* hours of a week; as an hour of the week, 168 means "none" */

/* The earlier sessions that each session of a batch looks back at, the oldest first, end to end.
 * A session without earlier sessions may have a single row of -1. */
struct lookback {
    int total;
    const int32_t *length; /* host [B] */
    const int32_t *row;    /* host [total] index in the batch's history arrays; -1: none */
};

/* Results of the forward pass of one batch, for the output layer and for attention records: tensors
 * of the tape and host arrays of its arena.  In training a model may have more targets. */
struct forward {
    struct tensor *state;  /* [T, S], after dropout: T = Σ(length - 1), sessions end to end */
    const int32_t *target; /* host [T] */
    /* host [T] the slot or session of the batch that each belongs to: those of one are no negatives
     * of each other */
    const int32_t *owner;
    const int32_t *step; /* host [T] of steps of slots: the step of each */
    /* host [T] of steps of slots: 1: the first item of its session, of which nothing of the session
     * tells; NULL: there is none such */
    const unsigned char *begins;
    int targets;
    /* [N, S], or rows of which the class's `items` makes [N, S]; [N], or NULL: no bias */
    const struct parameter *output, *output_bias;
    /* A table of items with more columns of the output layer, beside those of `output`, where the
     * class has no `items`; NULL: none. */
    const struct parameter *output_more;
    /* What replaces them for losses over all items and for ranks; NULL: the parameters. */
    struct tensor *item_weight, *item_bias; /* [N, S], [1, N] */
    struct tensor *aim; /* [T, S] what each state is to point at, in training; NULL: nothing */
    struct tape_additions add; /* to the scores of some items */
    /* A second output: whether the target's session has an intent (struct intents). */
    struct {
        struct tensor *state;         /* [T, S'] NULL: there is none */
        struct tensor *weight, *bias; /* [2, S'], [1, 2]: of no and of yes */
        const int32_t *label;         /* host [T] */
        float factor;                 /* of its loss */
    } intent;
    struct lookback back; /* what the weights below belong to */
    /* The attention weights of each level, on the device, and their number; NULL: none of the
     * level. inter, user: one for each row of `back`.  intra: for each session and each of its
     * targets, one for each row of its lookback.  session: one for each event of each row of
     * `back`.  item: for each target, one for each of its newest inputs, item_count[i] from
     * item_at[i] on (host [T]).
     */
    const float *weight[LEVELS];
    int weights[LEVELS];
    const int32_t *item_at, *item_count;
    void *plan; /* of steps of slots: passed from the class's `plan` to its `steps` */
};

/* Steps of the slots of a parallel mini-batch (sesspipe-stream(5)): arrays [count, slots], step by
 * step. */
struct slot_steps {
    int32_t slots;
    int count;
    const int32_t *item, *target, *user;
    const int32_t *session;  /* its number among the user's; NULL: not known */
    const int32_t *position; /* how many of its events come before the item; NULL: not known */
    const unsigned char *reset;
};

struct model;

/* Learning rates for which a model is known to learn well (trainer(1)). */
struct model_rates {
    double lr, clip;
    int64_t warm_up;
    const char *lr_decay;
};

struct model_class {
    const char *name, *purpose;
    /* Its options: size of the struct, which begins with struct model_options; its default values;
     * tables of option rows, whose `at` is a member's offset, with NULL after the last table. */
    size_t options_size;
    const void *defaults;
    const struct option *const *options;
    bool needs_order; /* remembers sessions: learns from each user's in order */
    bool needs_items; /* reads the items of earlier sessions */
    bool wide_alone;  /* the wide part is all there is */
    bool samples;     /* its loss is over the batch's targets and negatives, not over all items */
    const char *loss; /* the default; NULL: cross-entropy */
    const struct model_rates *rates; /* the defaults; NULL: those of all models */
    /* Checks how its options fit together: 64, and the message says what is possible.  NULL: all
     * do.
     */
    int (*check)(const struct model_options *o, struct err *e);
    /* The option by which these options need each user's order too.  NULL: none. */
    const char *(*ordered_by)(const struct model_options *o);
    /* The option that asks for events of earlier sessions, where these options do.  NULL: none. */
    const char *(*looks_back)(const struct model_options *o);
    /* Whether it has attention with these (checked) options.  NULL: never. */
    bool (*attends)(const struct model_options *o);
    /* Declares the parameters; the options are checked. */
    void (*open)(struct model *m);
    /* The forward pass over a batch of whole sessions. */
    void (*forward)(struct model *m, struct tape *t, const struct batch *b, struct forward *f);
    /* The weights of items in the output layer [n, S], from their rows of the parameter `output` of
     * *f.  NULL: they are these rows. */
    struct tensor *(*items)(const struct model *m, struct tape *t, struct tensor *rows);
    /* A model that has these learns from steps of slots, and uses `forward` in tests only.  They
     * set only state, target, owner, step, begins and output of *f, for the slots of each step that
     * are not idle.  `plan` sets all but the state, before any operation, so that its host arrays
     * are uploaded together with those of the loss. */
    void (*plan)(struct model *m, struct tape *t, const struct slot_steps *s, struct forward *f);
    void (*steps)(struct model *m, struct tape *t, struct forward *f);
    /* Called after `forward`: remembers the batch's sessions.  NULL: nothing to remember. */
    void (*finish)(struct model *m, struct tape *t, const struct batch *b);
    /* Called when a training pass begins, and before the sessions are remembered anew for a test:
     * forgets them.  NULL: there are none. */
    void (*restart)(struct model *m);
    /* Forgets the sessions of one user, as if there had been none.  NULL: as `finish`. */
    void (*forget)(struct model *m, int32_t user);
    /* Writes or restores, for checkpoints, what the model stores between batches besides its
     * parameters (nn/state.h).  NULL: nothing. */
    void (*state)(struct model *m, struct state *s);
    void (*close)(struct model *m);
};

struct wide_part;

/* Which part of a network with a wide part does not learn: all of it.  FROZEN_ABSENT: the network,
 * and training is of the wide part as if it were alone. */
enum frozen { FROZEN_NONE, FROZEN_NETWORK, FROZEN_WIDE, FROZEN_ABSENT };

struct model {
    const struct model_class *class;
    const struct model_options *options; /* those of its class */
    struct model_data data;
    struct device *device;
    struct parameters parameters;
    struct wide_part *wide; /* NULL: none */
    enum frozen frozen;     /* set by model_freeze and model_turn */
    const char *freezes;    /* the list of model_freeze, which the caller keeps; NULL: none */
    bool remembers; /* what it makes of a session depends on those before, which `finish` stores;
                       set by `open` */
    struct made_items *made; /* what the class's `items` made; NULL: it has none */
    void *own;               /* the model's own state */
};

/* The registry; NULL-terminated. */
extern const struct model_class *const model_classes[];

/* Finds the class of a name.  64: there is none; the message names all. */
int model_find(const char *name, const struct model_class **class, struct err *e);

/* A copy of its default options; the caller frees it with mem_free. */
struct model_options *model_options_new(const struct model_class *class);

/* Appends the model's name and the options that differ from the defaults: "ii-rnn hidden,delta". */
void model_label(const struct model_class *class, const struct model_options *o, struct buf *to);

/* Checks how the options fit together, before there is any data.  64. */
int model_check(const struct model_class *class, const struct model_options *o, struct err *e);

/* Features of evidence that a wide part does not know: bit f for feature f. */
uint32_t model_without(const struct model_options *o);

/* Whether a saved model can do what is asked of its wide part: `index` (not NULL) and `explore`
 * (above 1) need one, the latter one that knows what the user has had.  64. */
int model_check_wide(const struct model_options *o, const char *index, double explore,
                     const char *path, struct err *e);

bool model_attends(const struct model_class *class, const struct model_options *o);

/* Whether it reads each user's sessions one after another, not only those that had ended before. */
bool model_chains(const struct model_class *class, const struct model_options *o);

/* What batches are made for learning: 64 where the model learns from others. */
struct model_batches {
    const char *scheme; /* for messages; NULL: not known */
    bool keeps_order;   /* each user's sessions come in order */
    bool slots;         /* parallel mini-batches rather than whole sessions */
    int64_t history;    /* earlier sessions of the user that they give, at most */
};
int model_check_batches(const struct model_class *class, const struct model_options *o,
                        const struct model_batches *b, struct err *e);

/* Its default loss. */
const char *model_loss(const struct model_class *class);

/* The class's forward pass, with the wide part where the batch has evidence.  In training a frozen
 * network is as it is in tests. */
void model_forward(struct model *m, struct tape *t, const struct batch *b, struct forward *f);

/* The same in two steps, for a caller that keeps some of the positions between them. */
void model_forward_deep(struct model *m, struct tape *t, const struct batch *b, struct forward *f);
void model_add_wide(struct model *m, struct tape *t, const struct batch *b, struct forward *f);

/* Whether the pass is of the wide part alone: of FROZEN_ABSENT, in training on whole sessions. */
static inline bool model_is_absent(const struct model *m, const struct tape *t)
{
    return m->frozen == FROZEN_ABSENT && tape_training(t);
}

/* The class's `steps`, with the wide part where there is evidence: of what each slot that is not
 * idle predicts, step by step.  NULL: there is none. */
void model_steps(struct model *m, struct tape *t, const struct evidence *e, struct forward *f);

/* Weights and bias of the output layer over all items: [N, S] and [1, N].  Weights that the class's
 * `items` makes are kept where nothing is learned, until model_items_change. */
struct tensor *model_output(const struct model *m, struct tape *t, const struct forward *f);
struct tensor *model_output_bias(struct tape *t, const struct forward *f);

/* To be called where parameters change after a forward pass. */
void model_items_change(struct model *m);

/* The losses of the targets over candidates (tape_sampled_loss), which are planned with the
 * parameters `output` and `output_bias` of *f. */
float *model_sampled_loss(const struct model *m, struct tape *t, const struct forward *f,
                          enum loss_kind kind, const struct planned_candidates *c);

/* Adds the gradients of the second output's loss, cross-entropy times its factor.  Returns the
 * losses [T] without the factor, on the device; NULL: there is no such output, or nothing to learn.
 */
float *model_intent_loss(struct tape *t, const struct forward *f);

/* The second output's scores of no and of yes, before the softmax: [T, 2]. */
struct tensor *model_intent_scores(struct tape *t, const struct forward *f);

/* Declares the model's parameters but does not allocate them.  The options are checked and belong
 * to the caller, who does not change them. */
void model_open(struct model *m, const struct model_class *class, const struct model_options *o,
                const struct model_data *data, struct device *d);
void model_close(struct model *m);

/* Freezes what the list names, with commas between: "network" (all but the wide part), "wide", or
 * parameters, each by its name or by what of it is before a dot ("item_embedding").  64: there is
 * none of that name, or nothing is left to learn. */
int model_freeze(struct model *m, const char *list, struct err *e);

/* What of a network with a wide part learns now: the network, as if it were alone; the wide part,
 * as if it were alone; or, beside the network as it is in tests, how much each is worth: m(z) with
 * the weights of the wide part's sums, or with all of the wide part.  What model_freeze has frozen
 * does not learn in any case. */
enum turn { TURN_NETWORK, TURN_WIDE, TURN_WORTH, TURN_BESIDE };
void model_turn(struct model *m, enum turn turn);

/* Whether the list has the name. */
bool model_freezes(const char *list, const char *name);

/* Whether all its GRUs apply the reset gate before the product with the recurrent weights. */
bool model_reset_before(const struct model *m);

#endif
