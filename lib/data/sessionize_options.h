/* The programs that make sessions of raw logs: what their command lines share, and the run. */
#ifndef DATA_SESSIONIZE_OPTIONS_H
#define DATA_SESSIONIZE_OPTIONS_H

#include "cli/cli.h"
#include "data/sessionize_run.h"

struct sessionize_options {
    struct sessionize_job job; /* its rules, skip_bad and ungrouped; memory */
    bool grouped, ungrouped, verbose;
    int64_t memory;
    struct output_options output;
    struct option rows[14]; /* set by sessionize_options */
};

/* Their group for a program's `tables`; *o holds the defaults and takes the values. */
const struct option *sessionize_options(struct sessionize_options *o);

/* Runs over the operands and writes the report of -v. *meta holds the format's own keys, and is
 * released.  64: options that exclude each other. */
int sessionize(struct cli *cli, const struct program *program, struct sessionize_options *o,
               struct meta *meta, struct err *e);

#endif
