#include <msgpack.h>
#include <unistd.h>

#include "base/terminal.h"
#include "cli/private.h"

/* ---- finding a row ---- */

static const struct option *find_letter(struct cli *cli, char letter)
{
    struct option_rows rows = rows_of_all(cli);
    for (const struct option *o; (o = rows_next(&rows));)
        if (o->letter == letter)
            return o;
    cli_usage(cli, "unknown option -%c: %s --help lists what there is", letter, cli->program->name);
}

static const struct option *find_name(struct cli *cli, const char *name, size_t len)
{
    struct option_rows rows = rows_of_all(cli);
    struct nearest nearest = nearest_to(name, len);
    for (const struct option *o; (o = rows_next(&rows));) {
        size_t n = strlen(o->name);
        if (n == len && !memcmp(o->name, name, n))
            return o;
        nearest_try(&nearest, o->name, n);
    }
    if (bytes_equal((struct bytes){name, len}, bytes_of(cli->completion_rows->name)))
        return cli->completion_rows;
    if (nearest.name)
        cli_usage(cli, "unknown option --%.*s: did you mean --%s?", (int)len, name, nearest.name);
    cli_usage(cli, "unknown option --%.*s: %s --help lists what there is", (int)len, name,
              cli->program->name);
}

/* ---- options of groups ---- */

static void refuse_option(struct cli *cli, const struct option *o, const char *chosen)
    __attribute__((noreturn));
static void refuse_option(struct cli *cli, const struct option *o, const char *chosen)
{
    const struct program *p = cli->program;
    struct buf others = {0};
    for (const struct option_group *g = p->groups; g->name; g++)
        if (row_named(g->rows, o->name, strlen(o->name)))
            buf_format(&others, "%s%s", others.len ? ", " : "", g->name);
    cli_usage(cli, "--%s goes with --%s %.*s, not with %s", o->name, p->chooser, (int)others.len,
              others.at, chosen);
}

static bool is_of(const struct option *table, const struct option *o)
{
    for (; table->kind != OPTION_END; table++)
        if (table == o)
            return true;
    return false;
}

/* Options of groups were read before it was known which group counts: its rows take their values.
 * Where there is no such group the program says so. */
static void resolve_groups(struct cli *cli)
{
    const struct program *p = cli->program;
    const struct option_group *chosen = rows_group(cli);
    for (size_t i = 0; chosen && i < cli->given.len; i++) {
        const struct option **o = &cli->given.at[i].option;
        for (const struct option_group *g = p->groups; g->name; g++)
            if (is_of(g->rows, *o)) {
                const struct option *own = row_named(chosen->rows, (*o)->name, strlen((*o)->name));
                if (!own)
                    refuse_option(cli, *o, chosen->name);
                *o = own;
                break;
            }
    }
}

/* ---- reading ---- */

struct words {
    char **at;
    int left;
};

static const char *next_word(struct words *w)
{
    return w->left ? (w->left--, *w->at++) : NULL;
}

static void note(struct cli *cli, const struct option *o, const char *value)
{
    vec_push(&cli->given, ((struct occurrence){o, value}));
}

static void missing(struct cli *cli, const struct option *o) __attribute__((noreturn));
static void missing(struct cli *cli, const struct option *o)
{
    struct buf what = {0};
    if (o->kind == OPTION_INT || o->kind == OPTION_REAL)
        option_range(o, &what);
    else
        buf_text(&what, option_value_name(o));
    cli_usage(cli, "--%s needs a value: %.*s", o->name, (int)what.len, what.at);
}

static void read_long(struct cli *cli, const char *word, struct words *rest)
{
    size_t len = strcspn(word, "=");
    const struct option *o = find_name(cli, word, len);
    const char *value = word[len] ? word + len + 1 : NULL;
    if (!option_value_name(o)) {
        if (value)
            cli_usage(cli, "--%s takes no value, and '%s' was given", o->name, value);
    } else if (!value && !(value = next_word(rest))) {
        missing(cli, o);
    }
    note(cli, o, value);
}

/* "-qn5": letters that take no value, then perhaps one whose value is the rest or the next word. */
static void read_short(struct cli *cli, const char *word, struct words *rest)
{
    while (*word) {
        const struct option *o = find_letter(cli, *word++);
        const char *value = NULL;
        if (option_value_name(o)) {
            value = *word ? word : next_word(rest);
            word = "";
            if (!value)
                missing(cli, o);
        }
        note(cli, o, value);
    }
}

static void read_line(struct cli *cli, int argc, char **argv)
{
    struct words rest = {argv + 1, argc > 0 ? argc - 1 : 0};
    bool options = true;
    for (const char *word; (word = next_word(&rest));) {
        if (!options || word[0] != '-' || !word[1])
            vec_push(&cli->operands, word);
        else if (word[1] != '-')
            read_short(cli, word + 1, &rest);
        else if (word[2])
            read_long(cli, word + 2, &rest);
        else
            options = false;
    }
    vec_push(&cli->operands, NULL);
    cli->operands.len--;
}

static void answer_questions(struct cli *cli)
{
    struct buf text = {0};
    for (size_t i = 0; i < cli->given.len; i++) {
        const struct option *o = cli->given.at[i].option;
        if (o == &common_options[0])
            help_text(cli, &text);
        else if (o == &common_options[1])
            version_text(cli->program, &text);
        else
            continue;
        answer(cli, &text);
    }
}

static void answer_completion(struct cli *cli)
{
    struct buf text = {0};
    if (!cli->completion)
        return;
    completion_text(cli, &text);
    answer(cli, &text);
}

/* A program that waits for a user to type a stream of records looks as if it hung. */
static void check_input(struct cli *cli)
{
    const struct program *p = cli->program;
    if (!cli->operands.len && !(p->input_option && cli_given(cli, p->input_option)) &&
        strstr(p->usage, "file") && isatty(STDIN_FILENO))
        cli_usage(cli,
                  "no input: standard input is a terminal: name a FILE, or pipe one in; - reads "
                  "the terminal; %s --help shows an example",
                  p->name);
}

void cli_refuse_terminal(struct cli *cli, const char *output)
{
    if (terminal_takes(output))
        cli_usage(cli,
                  "the output is a terminal, which cannot show a stream: name a file with -o, or "
                  "pipe it into another program, as spcat, which shows it");
}

/* Programs that have the options of cli_output_options write a stream. */
static void check_output(struct cli *cli)
{
    for (const struct option *const *table = cli->program->tables; *table; table++) {
        const struct option *output = row_named(*table, "output", strlen("output"));
        if (output && row_named(*table, "flush", strlen("flush")))
            cli_refuse_terminal(cli, *(const char *const *)output->to);
    }
}

/* `make install` alone uses --completion: help and completion do not show it. */
static struct cli *new_cli(const struct program *p)
{
    struct cli *cli = mem_zero(1, sizeof *cli);
    struct program *copy = mem_alloc(sizeof *copy); /* main's own is gone when exit handlers run */
    *copy = *p;
    cli->program = copy;
    cli->progress = "auto";
    cli->part = "";
    cli->completion_rows[0] = (struct option){OPTION_CHOICE, .name = "completion",
                                              .to = &cli->completion, .choices = "bash|zsh"};
    if (p->progress != PROGRESS_NONE)
        progress_rows_set(cli);
    return cli;
}

struct cli *cli_parse(const struct program *p, int argc, char **argv)
{
    struct cli *cli = new_cli(p);
    startup(cli);
    read_line(cli, argc, argv);
    answer_questions(cli);
    resolve_groups(cli);
    for (size_t i = 0; i < cli->given.len; i++) {
        struct occurrence *at = &cli->given.at[i];
        struct err e;
        if (option_set(at->option, at->value, &e)) {
            err_at(&e, "--%s", at->option->name);
            cli_fail(cli, &e);
        }
    }
    answer_completion(cli);
    check_input(cli);
    check_output(cli);
    progress_begin(cli);
    return cli;
}

/* ---- what was read ---- */

static void pack_text(msgpack_packer *pk, const char *text)
{
    size_t n = strlen(text);
    msgpack_pack_str(pk, n);
    msgpack_pack_str_body(pk, text, n);
}

static void pack_calls(const struct cli *cli, msgpack_packer *pk, const struct option *o)
{
    size_t count = 0;
    for (size_t i = 0; i < cli->given.len; i++)
        count += cli->given.at[i].option == o;
    msgpack_pack_array(pk, count);
    for (size_t i = 0; i < cli->given.len; i++) {
        if (cli->given.at[i].option != o)
            continue;
        if (cli->given.at[i].value)
            pack_text(pk, cli->given.at[i].value);
        else
            msgpack_pack_true(pk);
    }
}

static void pack_value(const struct cli *cli, msgpack_packer *pk, const struct option *o)
{
    const char *text;
    switch (o->kind) {
    case OPTION_END:
        break;
    case OPTION_FLAG:
        if (*(bool *)o->to)
            msgpack_pack_true(pk);
        else
            msgpack_pack_false(pk);
        break;
    case OPTION_INT:
        msgpack_pack_int64(pk, *(int64_t *)o->to);
        break;
    case OPTION_REAL:
        msgpack_pack_double(pk, *(double *)o->to);
        break;
    case OPTION_TEXT:
    case OPTION_CHOICE:
        text = *(const char **)o->to;
        if (text)
            pack_text(pk, text);
        else
            msgpack_pack_nil(pk);
        break;
    case OPTION_CALL:
        pack_calls(cli, pk, o);
        break;
    }
}

void cli_options_packed(const struct cli *cli, struct buf *to)
{
    msgpack_packer pk;
    msgpack_packer_init(&pk, to, buf_write);
    size_t count = 0;
    struct option_rows rows = rows_of(cli);
    for (const struct option *o; (o = rows_next(&rows));)
        count += o->recorded;
    msgpack_pack_map(&pk, count);
    rows = rows_of(cli);
    for (const struct option *o; (o = rows_next(&rows));) {
        if (o->recorded) {
            pack_text(&pk, o->name);
            pack_value(cli, &pk, o);
        }
    }
}

struct input_meter *cli_input_meter(struct cli *cli)
{
    return &cli->meter;
}

/* ---- groups of options that programs share ---- */

const struct option *cli_output_options(struct output_options *o)
{
    const struct option rows[] = {
        {OPTION_TEXT, 'o', "output", "FILE", .help = "write to FILE, which appears once whole",
         .to = &o->path},
        {OPTION_FLAG, 0, "flush", .help = "end a block where a reader may be waiting",
         .to = &o->flush},
        {0},
    };
    _Static_assert(sizeof rows == sizeof o->rows, "room for the rows");
    memcpy(o->rows, rows, sizeof rows);
    return o->rows;
}
