/* The wide part (Cheng et al. 2016): what counting knows of each item, added to the scores of a
 * model, or alone.  Its weights belong to kinds of evidence, none to an item or a user.
 *
 *     s(i) = m(z) deep_i + δ(i)                          deep_i: the model's score without its bias
 *     δ(i) = w2ᵀ relu(W1 φ(i) + b1 + Wz z) + wsᵀ φ(i)    where there is evidence of i,
 *          = β log(count_i + ½)                          elsewhere
 *     m(z) = wm z + bm
 *
 * The count is that of all training sessions, and so in training it includes what comes later: used
 * beside evidence it would teach the network to mistrust whatever is new.
 *
 * φ(i) and the context z: index/evidence.h. */
#ifndef MODEL_WIDE_PART_H
#define MODEL_WIDE_PART_H

#include "model/model.h"

struct wide_part {
    const struct parameter *features, *features_bias, *context, *score, *direct, *prior;
    const struct parameter *deep, *deep_bias; /* NULL: there is no deep part */
    float *log_count;                         /* device [items] log(count + ½) */
    float *host_log_count;                    /* the same */
    float explore;           /* taken from the scores of candidates that the user has had; 0 in
                                training */
    float *bias, *bias_grad; /* device [items], where rows are spread (nn/shards.h); NULL */
};

void wide_part_open(struct wide_part *w, struct model *m, bool deep);
void wide_part_close(struct wide_part *w, const struct model *m);

/* Changes the item's count. */
void wide_part_count(const struct wide_part *w, const struct model *m, int32_t item, int32_t count);

/* From now on items that are new to the user are ranked as if they were so many times as likely
 * beside those of which the evidence says that the user has had them; up to 1: as they are. */
void wide_part_explore(struct wide_part *w, double times);

/* Whether a parameter of this name is one of a wide part. */
bool wide_part_owns(const char *parameter);

/* Whether it is of m(z), which only a wide part beside a network has. */
bool wide_part_weighs(const char *parameter);

/* Whether it is of a sum that makes a score: w2, ws, β. */
bool wide_part_sums(const char *parameter);

/* Copies its weights to the host, except those of the deep part. */
struct wide_weights;
void wide_part_weights(const struct model *m, struct wide_weights *to);

/* The targets of a pass without a network: all events but the first of each session. */
void wide_part_targets(struct tape *t, const struct batch *b, struct forward *f);

/* Adds it to what a forward pass has found for f->targets positions, those of the evidence; without
 * a network (model_is_absent, or a model without deep part), makes *f from the targets alone. */
void wide_part_add(const struct wide_part *w, const struct model *m, struct tape *t,
                   const struct evidence *e, struct forward *f);

/* Evidence that comes in parts, with what the wide part makes of its features in their place: so no
 * more features are in memory than those of a part.  For answers: nothing of it has a gradient. */
struct wide_values {
    i32_vec start, item;
    f32_vec context, value;
};

void wide_values_clear(struct wide_values *v);
void wide_values_release(struct wide_values *v);

/* Appends the values of another part's positions. */
void wide_part_values(const struct wide_part *w, const struct model *m, struct tape *t,
                      const struct evidence *e, struct wide_values *to);

/* The evidence of all parts, for wide_part_add; valid until the values change. */
struct evidence wide_values_evidence(const struct wide_values *v);

/* The evidence of all targets of steps, from that of those which do not begin a session: a target
 * that does has no candidates, and zeros as context. */
struct evidence wide_part_steps(struct tape *t, const struct evidence *e, const struct forward *f);

#endif
