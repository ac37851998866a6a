/* The rows of the program's option tables, and what the command line gave of them. */
#include "cli/private.h"

const struct option common_options[] = {
    {OPTION_FLAG, 'h', "help", .help = "show this help"},
    {OPTION_FLAG, 0, "version", .help = "show the version and what was built in"},
    {0},
};

struct option_rows rows_of(const struct cli *cli)
{
    return (struct option_rows){
        .cli = cli, .table = cli->program->tables, .group = rows_group(cli)};
}

struct option_rows rows_of_all(const struct cli *cli)
{
    const struct program *p = cli->program;
    return (struct option_rows){.cli = cli, .table = p->tables, .group = p->groups, .all = true};
}

const struct option *row_named(const struct option *table, const char *name, size_t len)
{
    for (const struct option *o = table; o->kind != OPTION_END; o++)
        if (bytes_equal((struct bytes){name, len}, bytes_of(o->name)))
            return o;
    return NULL;
}

/* Whether a group before this one has an option of the name. */
static bool is_repeated(const struct option_rows *r, const struct option *o)
{
    if (!r->all || !r->group)
        return false;
    for (const struct option_group *g = r->cli->program->groups; g < r->group - 1; g++)
        if (row_named(g->rows, o->name, strlen(o->name)))
            return true;
    return false;
}

/* The next table: false after the last. */
static bool next_table(struct option_rows *r)
{
    if (*r->table) {
        r->row = *r->table++;
    } else if (!r->progress) {
        r->progress = true;
        r->row = r->cli->progress_rows;
    } else if (r->group && r->group->name && !r->grouped) {
        r->row = r->group++->rows;
        r->grouped = !r->all;
    } else if (!r->common) {
        r->common = true;
        r->group = NULL;
        r->row = common_options;
    } else {
        return false;
    }
    return true;
}

const struct option *rows_next(struct option_rows *r)
{
    for (;;) {
        bool own = !*r->table; /* a row of a group may be one that others have too */
        while (r->row && r->row->kind != OPTION_END) {
            const struct option *o = r->row++;
            if (!own || !is_repeated(r, o))
                return o;
        }
        if (!next_table(r))
            return NULL;
    }
}

/* ---- the group that counts ---- */

const struct option_group *rows_group(const struct cli *cli)
{
    const struct program *p = cli->program;
    const char *name = NULL;
    for (const struct option *const *table = p->tables; p->groups && *table && !name; table++) {
        const struct option *o = row_named(*table, p->chooser, strlen(p->chooser));
        name = o ? *(const char **)o->to : NULL;
    }
    for (size_t i = 0; p->groups && i < cli->given.len; i++)
        if (!strcmp(cli->given.at[i].option->name, p->chooser))
            name = cli->given.at[i].value;
    for (const struct option_group *g = p->groups; name && g && g->name; g++)
        if (!strcmp(g->name, name))
            return g;
    return NULL;
}

/* ---- what was given ---- */

bool cli_given(const struct cli *cli, const char *name)
{
    for (size_t i = 0; i < cli->given.len; i++)
        if (!strcmp(cli->given.at[i].option->name, name))
            return true;
    return false;
}

struct operands cli_operands(const struct cli *cli)
{
    return (struct operands){cli->operands.at, (int)cli->operands.len};
}
