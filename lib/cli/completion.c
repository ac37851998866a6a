/* Completion scripts of shells, made from the option tables: names of options, words of choices,
 * files. */
#include "cli/private.h"

/* Whether the shell itself completes the value of that name. */
static bool is_path(const char *value)
{
    return !strcmp(value, "FILE") || !strcmp(value, "DIR");
}

/* The option that names one of the program's groups, as --model. */
static bool is_chooser(const struct cli *cli, const struct option *o)
{
    return cli->program->groups && !strcmp(o->name, cli->program->chooser);
}

/* Whether the value is one of some words. */
static bool has_words(const struct cli *cli, const struct option *o)
{
    return o->kind == OPTION_CHOICE || is_chooser(cli, o);
}

/* Whether `len` bytes at `word` are one of the words, which have spaces between. */
static bool has_word(const struct buf *words, const char *word, size_t len)
{
    for (size_t at = 0, n; at < words->len; at += n + 1) {
        const char *end = memchr(words->at + at, ' ', words->len - at);
        n = end ? (size_t)(end - words->at) - at : words->len - at;
        if (n == len && !memcmp(words->at + at, word, n))
            return true;
    }
    return false;
}

/* Adds those of "one|other" that are not there yet. */
static void add_words(struct buf *words, const char *choices)
{
    for (size_t n; *choices; choices += n + (choices[n] == '|')) {
        n = strcspn(choices, "|");
        if (has_word(words, choices, n))
            continue;
        if (words->len)
            buf_byte(words, ' ');
        buf_append(words, choices, n);
    }
}

/* These words, a space between: names of groups, or what the option takes in any group. */
static void put_words(const struct cli *cli, struct buf *to, const struct option *o)
{
    struct buf words = {0};
    if (!is_chooser(cli, o))
        add_words(&words, o->choices);
    for (const struct option_group *g = cli->program->groups; g && g->name; g++) {
        const struct option *own = row_named(g->rows, o->name, strlen(o->name));
        if (is_chooser(cli, o))
            add_words(&words, g->name);
        else if (own && own->kind == OPTION_CHOICE)
            add_words(&words, own->choices);
    }
    buf_append(to, words.at, words.len);
    buf_release(&words);
}

/* ---- bash ---- */

/* "-o|--output" as a pattern of `case`. */
static void put_pattern(struct buf *to, const struct option *o)
{
    if (o->letter)
        buf_format(to, "-%c|", o->letter);
    buf_format(to, "--%s", o->name);
}

/* The value of an option: one of several words, a file, or free text. */
static void put_bash_values(const struct cli *cli, struct buf *to)
{
    struct option_rows rows = rows_of_all(cli);
    for (const struct option *o; (o = rows_next(&rows));) {
        if (!option_value_name(o))
            continue;
        buf_text(to, "    ");
        put_pattern(to, o);
        buf_text(to, ") ");
        if (has_words(cli, o)) {
            buf_text(to, "COMPREPLY=($(compgen -W '");
            put_words(cli, to, o);
            buf_text(to, "' -- \"$cur\")); ");
        } else if (!is_path(option_value_name(o))) {
            buf_text(to, "compopt +o default 2>/dev/null; ");
        }
        buf_text(to, "return ;;\n");
    }
}

static void put_bash_names(const struct cli *cli, struct buf *to)
{
    struct option_rows rows = rows_of_all(cli);
    bool first = true;
    for (const struct option *o; (o = rows_next(&rows)); first = false)
        buf_format(to, "%s--%s", first ? "" : " ", o->name);
}

/* Readline splits words at "=": "--format=t" comes as three of them.  Where nothing is replied, the
 * default of `complete` completes files. */
static void bash_text(const struct cli *cli, struct buf *to)
{
    const struct program *p = cli->program;
    struct buf name = {0};
    for (const char *c = p->name; *c; c++)
        buf_byte(&name, *c == '-' ? '_' : *c);
    buf_format(to,
               "# bash completion of %s, sesspipe %s\n"
               "_sesspipe_%.*s() {\n"
               "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} word\n"
               "    COMPREPLY=()\n"
               "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
               "        [[ $word != -- ]] || return\n"
               "    done\n"
               "    if [[ $cur == = ]]; then\n"
               "        cur=\n"
               "    elif [[ $prev == = ]]; then\n"
               "        prev=${COMP_WORDS[COMP_CWORD-2]}\n"
               "    fi\n"
               "    case $prev in\n",
               p->name, SESSPIPE_VERSION, (int)name.len, name.at);
    put_bash_values(cli, to);
    buf_text(to, "    esac\n"
                 "    [[ $cur != -* ]] || COMPREPLY=($(compgen -W '");
    put_bash_names(cli, to);
    buf_format(to,
               "' -- \"$cur\"))\n"
               "}\n"
               "complete -o default -F _sesspipe_%.*s %s\n",
               (int)name.len, name.at, p->name);
    buf_release(&name);
}

/* ---- zsh ---- */

/* Text inside single quotes, with the special characters of _arguments escaped. */
static void put_zsh_text(struct buf *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            buf_text(to, "'\\'");
        else if (strchr("[]:\\", *text))
            buf_byte(to, '\\');
        buf_byte(to, *text);
    }
}

static void put_zsh_value(const struct cli *cli, struct buf *to, const struct option *o)
{
    const char *value = option_value_name(o);
    if (!value)
        return;
    buf_byte(to, ':');
    put_zsh_text(to, has_words(cli, o) ? o->name : value);
    buf_byte(to, ':');
    if (has_words(cli, o)) {
        buf_byte(to, '(');
        put_words(cli, to, o);
        buf_byte(to, ')');
    } else if (is_path(value)) {
        buf_text(to, "_files");
    } else {
        buf_byte(to, ' ');
    }
}

/* One form of an option: '(-o --output)--output=[what it does]:FILE:_files'. */
static void put_zsh_form(const struct cli *cli, struct buf *to, const struct option *o,
                         bool is_long)
{
    bool value = option_value_name(o) != NULL;
    buf_text(to, "    '");
    if (o->kind == OPTION_CALL)
        buf_byte(to, '*');
    else if (o->letter)
        buf_format(to, "(-%c --%s)", o->letter, o->name);
    if (is_long)
        buf_format(to, "--%s%s", o->name, value ? "=" : "");
    else
        buf_format(to, "-%c%s", o->letter, value ? "+" : "");
    buf_byte(to, '[');
    put_zsh_text(to, o->help ? o->help : "");
    buf_byte(to, ']');
    put_zsh_value(cli, to, o);
    buf_text(to, "' \\\n");
}

static void zsh_text(const struct cli *cli, struct buf *to)
{
    const struct program *p = cli->program;
    struct option_rows rows = rows_of_all(cli);
    buf_format(to,
               "#compdef %s\n"
               "# zsh completion of %s, sesspipe %s\n"
               "_arguments -s -S \\\n",
               p->name, p->name, SESSPIPE_VERSION);
    for (const struct option *o; (o = rows_next(&rows));) {
        if (o->letter)
            put_zsh_form(cli, to, o, false);
        put_zsh_form(cli, to, o, true);
    }
    buf_text(to, "    '*:file:_files'\n");
}

void completion_text(const struct cli *cli, struct buf *to)
{
    if (!strcmp(cli->completion, "bash"))
        bash_text(cli, to);
    else
        zsh_text(cli, to);
}
