/* What a run is called: from the options of the programs that made its stream.
 *
 * Runs whose programs and options are the same but for the seeds are runs of one model. */
#ifndef EVAL_MODEL_NAME_H
#define EVAL_MODEL_NAME_H

#include <stdbool.h>

#include "base/buf.h"

/* The options of a chain of programs, oldest first, copied; {0} is an empty chain. */
struct chain {
    struct buf text;
    VEC(struct setting) settings;
};

struct setting {
    int program;              /* which of the chain, from 0 */
    size_t name[2], value[2]; /* begin and length in the chain's text */
};

/* Adds an option with its value as text (empty: not set) to program number `program`.  The
 * program's own name comes as the value of an option without a name. */
void chain_add(struct chain *c, int program, struct bytes option, struct bytes value);

/* Whether two chains are equal but for options named "seed". */
bool chain_same_model(const struct chain *a, const struct chain *b);

/* The value of an option in the last program that has it; {NULL, 0}: none has. */
struct bytes chain_find(const struct chain *c, const char *option);

/* Appends the model and its main options, as far as they are given: "ii-rnn hidden,delta",
 * "narm global dense"; of a chain without a model, the last program's name. */
void chain_label(const struct chain *c, struct buf *to);

/* Appends " option=value" for each option outside the label that not all of the n others share. */
void chain_distinguish(const struct chain *c, const struct chain *const *others, size_t n,
                       struct buf *to);

void chain_release(struct chain *c);

#endif
