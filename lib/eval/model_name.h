/* What a run is called: from the options of the programs that made its stream.
 *
 * Runs whose programs and options are the same but for the seeds are runs of one model. */
#ifndef EVAL_MODEL_NAME_H
#define EVAL_MODEL_NAME_H

#include <stdbool.h>

#include "base/buf.h"

/* The options of a chain of programs, oldest first, copied; {0} is an empty chain. */
struct model_name {
    struct buf text;
    VEC(struct program_option) settings;
};

struct program_option {
    int program;              /* which of the chain, from 0 */
    size_t name[2], value[2]; /* begin and length in the chain's text */
};

/* Adds an option with its value as text (empty: not set) to program number `program`.  The
 * program's own name comes as the value of an option without a name. */
void model_name_add(struct model_name *c, int program, struct bytes option, struct bytes value);

/* Appends a key that is the same for two chains if they are equal but for options named "seed" and
 * for the order of a program's options. */
void model_name_key(const struct model_name *c, struct buf *to);

/* The value of an option in the last program that has it; {NULL, 0}: none has. */
struct bytes model_name_find(const struct model_name *c, const char *option);

/* Appends the model and its main options, as far as they are given: "ii-rnn hidden,delta",
 * "narm global dense"; of a chain without a model, the last program's name. */
void model_name_label(const struct model_name *c, struct buf *to);

/* One of several models with the same name. */
struct namesake {
    const struct model_name *chain;
    struct buf *to; /* its name; NULL: it stays as it is */
};

/* Appends to each of the n names " option=value" for each option outside the label that not all of
 * the others share. */
void model_name_distinguish(const struct namesake *same, size_t n);

void model_name_release(struct model_name *c);

#endif
