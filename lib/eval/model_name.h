/* The name of a run's model, from the programs that made its stream and their options.
 *
 * Runs whose programs and options are the same except for the seeds are runs of one model. */
#ifndef EVAL_MODEL_NAME_H
#define EVAL_MODEL_NAME_H

#include <stdbool.h>

#include "base/buf.h"

/* Copies of the options of a chain of programs, the oldest program first; {0} is an empty chain. */
struct model_name {
    struct buf text;
    VEC(struct program_option) settings;
    struct buf label; /* what the stream's header calls the model; empty: it does not say */
};

struct program_option {
    int program;              /* its number in the chain, from 0 */
    size_t name[2], value[2]; /* begin and length in the chain's text */
};

/* Adds an option with its value as text (empty: not set) to program number `program`.  An option
 * without a name has the program's name as its value. */
void model_name_add(struct model_name *c, int program, struct bytes option, struct bytes value);

/* Appends a key that is the same for two chains if they are equal but for options named "seed" and
 * for the order of a program's options. */
void model_name_key(const struct model_name *c, struct buf *to);

/* Appends the values of the options named "seed": equal for two runs of a model that are the same
 * run. */
void model_name_seeds(const struct model_name *c, struct buf *to);

/* The value of an option in the last program that has it; {NULL, 0}: no program has it. */
struct bytes model_name_find(const struct model_name *c, const char *option);

/* Appends the label, "ii-rnn hidden,delta"; without one the value of the option "model"; without
 * that the last program's name. */
void model_name_label(const struct model_name *c, struct buf *to);

/* One of several models with the same name. */
struct namesake {
    const struct model_name *chain;
    struct buf *to; /* its name; NULL: not to be changed */
};

/* Appends to each of the n names " option=value" for each option outside the label that not all of
 * the others share. */
void model_name_distinguish(const struct namesake *same, size_t n);

void model_name_release(struct model_name *c);

#endif
