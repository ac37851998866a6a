/* The wide part alone (model/wide_part.h): a network over counts, without weights of items or
 * users.
 */
#include "model/wide_part.h"

static const struct model_options defaults = {.wide = true, .postings = EVIDENCE_POSTINGS};
static const struct option *const options[] = {model_evidence_rows, NULL};

static void wide_open(struct model *m)
{
    (void)m; /* the wide part is all there is */
}

static void wide_close(struct model *m)
{
    (void)m;
}

static void wide_forward(struct model *m, struct tape *t, const struct batch *b, struct forward *f)
{
    (void)m;
    wide_part_targets(t, b, f);
}

static const struct model_rates rates = {
    .lr = 0.006, .clip = 1, .warm_up = 50, .lr_decay = "cosine"};

extern const struct model_class wide_class;
const struct model_class wide_class = {
    .name = "wide",
    .purpose = "a small network over counts, which has no weights of items or users",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = options,
    .wide_alone = true,
    .rates = &rates,
    .open = wide_open,
    .forward = wide_forward,
    .close = wide_close,
};
