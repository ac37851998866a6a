/* The kinds of evidence: which features belong to each, how one is left out, and what the
 * features of an item say, in words. */
#ifndef MODEL_EVIDENCE_KINDS_H
#define MODEL_EVIDENCE_KINDS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/records.h"

enum evidence_kind {
    EVIDENCE_NEXT,    /* what followed the last items */
    EVIDENCE_NEAR,    /* what occurs together with the session's items */
    EVIDENCE_SIMILAR, /* what the nearest sessions have */
    EVIDENCE_OWN,     /* what the user has used */
    EVIDENCE_HABIT,   /* what the user did after the last item */
    EVIDENCE_SESSION, /* what the session has already */
    EVIDENCE_POPULAR, /* how many use it, also lately */
    EVIDENCE_FRESH,   /* when it was used first and last */
    EVIDENCE_KINDS
};

struct evidence_kind_row {
    const char *name, *purpose;
    uint32_t features; /* bit f: feature f is of this kind */
};

/* Every feature is of one kind. */
extern const struct evidence_kind_row evidence_kinds[EVIDENCE_KINDS];

/* Sets the features of the kind to 0: those of an item of which nothing of the kind is known. */
void evidence_without(enum evidence_kind kind, float phi[EVIDENCE_FEATURES]);

/* Whether the features say that the user has had the item, in the session or before it. */
bool evidence_had(const float phi[EVIDENCE_FEATURES]);

/* Reads "own,habit": bit f of *features is set where feature f is of one of these kinds.  64 on any
 * other text. */
int evidence_kinds_parse(const char *text, uint32_t *features, struct err *e);

/* What is known of an item, for evidence_words. */
struct evidence_said {
    const float *phi, *z;  /* its features, those of its position */
    int32_t votes, voters; /* nearest sessions: those that have it; all */
    int32_t in_session;    /* uses of the item, whether the model reads them or not */
    int32_t occurrences;   /* of the session's last item, where it was looked for */
    struct bytes last;     /* its name */
};

/* Appends what is known of the kind, as "comes right after A in 31 % of cases"; nothing where
 * nothing is known. */
void evidence_words(enum evidence_kind kind, const struct evidence_said *s, struct buf *to);

#endif
