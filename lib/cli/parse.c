#include <msgpack.h>
#include <unistd.h>

#include "cli/private.h"

/* `make install` alone uses this option: help and completion do not show it. */
static const struct option completion_option = {
    OPTION_CHOICE, .name = "completion", .to = &cli_context.completion, .choices = "bash|zsh"};

/* ---- finding a row ---- */

static const struct option *find_letter(char letter)
{
    struct option_rows rows = rows_of_all(cli_context.program);
    for (const struct option *o; (o = rows_next(&rows));)
        if (o->letter == letter)
            return o;
    cli_usage("unknown option -%c: %s --help lists what there is", letter,
              cli_context.program->name);
}

static const struct option *find_name(const char *name, size_t len)
{
    struct option_rows rows = rows_of_all(cli_context.program);
    struct nearest nearest = nearest_to(name, len);
    for (const struct option *o; (o = rows_next(&rows));) {
        size_t n = strlen(o->name);
        if (n == len && !memcmp(o->name, name, n))
            return o;
        nearest_try(&nearest, o->name, n);
    }
    if (bytes_equal((struct bytes){name, len}, bytes_of(completion_option.name)))
        return &completion_option;
    if (nearest.name)
        cli_usage("unknown option --%.*s: did you mean --%s?", (int)len, name, nearest.name);
    cli_usage("unknown option --%.*s: %s --help lists what there is", (int)len, name,
              cli_context.program->name);
}

/* ---- options of groups ---- */

static void refuse_option(const struct option *o, const char *chosen) __attribute__((noreturn));
static void refuse_option(const struct option *o, const char *chosen)
{
    const struct program *p = cli_context.program;
    struct buf others = {0};
    for (const struct option_group *g = p->groups; g->name; g++)
        if (row_named(g->rows, o->name, strlen(o->name)))
            buf_format(&others, "%s%s", others.len ? ", " : "", g->name);
    cli_usage("--%s goes with --%s %.*s, not with %s", o->name, p->chooser, (int)others.len,
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
static void resolve_groups(void)
{
    const struct program *p = cli_context.program;
    const struct option_group *chosen = rows_group(p);
    for (size_t i = 0; chosen && i < cli_context.given.len; i++) {
        const struct option **o = &cli_context.given.at[i].option;
        for (const struct option_group *g = p->groups; g->name; g++)
            if (is_of(g->rows, *o)) {
                const struct option *own = row_named(chosen->rows, (*o)->name, strlen((*o)->name));
                if (!own)
                    refuse_option(*o, chosen->name);
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

static void note(const struct option *o, const char *value)
{
    vec_push(&cli_context.given, ((struct occurrence){o, value}));
}

static void missing(const struct option *o) __attribute__((noreturn));
static void missing(const struct option *o)
{
    struct buf what = {0};
    if (o->kind == OPTION_INT || o->kind == OPTION_REAL)
        option_range(o, &what);
    else
        buf_text(&what, option_value_name(o));
    cli_usage("--%s needs a value: %.*s", o->name, (int)what.len, what.at);
}

static void read_long(const char *word, struct words *rest)
{
    size_t len = strcspn(word, "=");
    const struct option *o = find_name(word, len);
    const char *value = word[len] ? word + len + 1 : NULL;
    if (!option_value_name(o)) {
        if (value)
            cli_usage("--%s takes no value, and '%s' was given", o->name, value);
    } else if (!value && !(value = next_word(rest))) {
        missing(o);
    }
    note(o, value);
}

/* "-qn5": letters that take no value, then perhaps one whose value is the rest or the next word. */
static void read_short(const char *word, struct words *rest)
{
    while (*word) {
        const struct option *o = find_letter(*word++);
        const char *value = NULL;
        if (option_value_name(o)) {
            value = *word ? word : next_word(rest);
            word = "";
            if (!value)
                missing(o);
        }
        note(o, value);
    }
}

static void read_line(int argc, char **argv)
{
    struct words rest = {argv + 1, argc > 0 ? argc - 1 : 0};
    bool options = true;
    for (const char *word; (word = next_word(&rest));) {
        if (!options || word[0] != '-' || !word[1])
            vec_push(&cli_context.operands, word);
        else if (word[1] != '-')
            read_short(word + 1, &rest);
        else if (word[2])
            read_long(word + 2, &rest);
        else
            options = false;
    }
    vec_push(&cli_context.operands, NULL);
    cli_context.operands.len--;
}

static void answer_questions(void)
{
    struct buf text = {0};
    for (size_t i = 0; i < cli_context.given.len; i++) {
        const struct option *o = cli_context.given.at[i].option;
        if (o == &common_options[0])
            help_text(cli_context.program, &text);
        else if (o == &common_options[1])
            version_text(cli_context.program, &text);
        else
            continue;
        answer(&text);
    }
}

static void answer_completion(void)
{
    struct buf text = {0};
    if (!cli_context.completion)
        return;
    completion_text(cli_context.program, cli_context.completion, &text);
    answer(&text);
}

/* A program that waits for a user to type a stream of records looks as if it hung. */
static void check_input(void)
{
    const struct program *p = cli_context.program;
    if (!cli_context.operands.len && !(p->input_option && cli_given(p->input_option)) &&
        strstr(p->usage, "file") && isatty(STDIN_FILENO))
        cli_usage("no input: standard input is a terminal: name a FILE, or pipe one in; - reads "
                  "the terminal; %s --help shows an example",
                  p->name);
}

struct operands cli_parse(const struct program *p, int argc, char **argv)
{
    cli_context.program = p;
    startup();
    read_line(argc, argv);
    answer_questions();
    resolve_groups();
    for (size_t i = 0; i < cli_context.given.len; i++) {
        struct occurrence *at = &cli_context.given.at[i];
        struct err e;
        if (option_set(at->option, at->value, &e)) {
            err_at(&e, "--%s", at->option->name);
            cli_fail(&e);
        }
    }
    answer_completion();
    check_input();
    struct operands files = {cli_context.operands.at, (int)cli_context.operands.len};
    progress_begin(files);
    return files;
}

/* ---- what was read ---- */

static void pack_text(msgpack_packer *pk, const char *text)
{
    size_t n = strlen(text);
    msgpack_pack_str(pk, n);
    msgpack_pack_str_body(pk, text, n);
}

static void pack_calls(msgpack_packer *pk, const struct option *o)
{
    size_t count = 0;
    for (size_t i = 0; i < cli_context.given.len; i++)
        count += cli_context.given.at[i].option == o;
    msgpack_pack_array(pk, count);
    for (size_t i = 0; i < cli_context.given.len; i++) {
        if (cli_context.given.at[i].option != o)
            continue;
        if (cli_context.given.at[i].value)
            pack_text(pk, cli_context.given.at[i].value);
        else
            msgpack_pack_true(pk);
    }
}

static void pack_value(msgpack_packer *pk, const struct option *o)
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
        pack_calls(pk, o);
        break;
    }
}

void cli_options_packed(struct buf *to)
{
    msgpack_packer pk;
    msgpack_packer_init(&pk, to, buf_write);
    size_t count = 0;
    struct option_rows rows = rows_of(cli_context.program);
    for (const struct option *o; (o = rows_next(&rows));)
        count += o->recorded;
    msgpack_pack_map(&pk, count);
    rows = rows_of(cli_context.program);
    for (const struct option *o; (o = rows_next(&rows));) {
        if (o->recorded) {
            pack_text(&pk, o->name);
            pack_value(&pk, o);
        }
    }
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
