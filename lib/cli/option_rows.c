/* The rows of the program's option tables, and what the command line gave of them. */
#include "cli/private.h"

struct context cli_context = {.progress = "auto", .part = ""};

const struct option common_options[] = {
    {OPTION_FLAG, 'h', "help", .help = "show this help"},
    {OPTION_FLAG, 0, "version", .help = "show the version and what was built in"},
    {0},
};

struct option_rows rows_of(const struct program *p)
{
    return (struct option_rows){.table = p->tables};
}

const struct option *rows_next(struct option_rows *r)
{
    for (;;) {
        if (r->row && r->row->kind != OPTION_END)
            return r->row++;
        if (r->table && *r->table) {
            r->row = *r->table++;
        } else if (!r->common) {
            r->common = true;
            r->row = common_options;
        } else {
            return NULL;
        }
    }
}

bool cli_given(const char *name)
{
    for (size_t i = 0; i < cli_context.given.len; i++)
        if (!strcmp(cli_context.given.at[i].option->name, name))
            return true;
    return false;
}
