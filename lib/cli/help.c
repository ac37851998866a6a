#include "base/num.h"
#include "cli/private.h"

enum { WIDTH = 79, LEFT = 26 }; /* of the page, of the column of names */

/* Words of `text` from column `column` on, broken before WIDTH; `mark` ends a line that is broken,
 * and the next ones begin at `indent`. */
static void put_wrapped(struct buf *to, const char *text, size_t column, size_t indent,
                        const char *mark)
{
    bool first = true;
    while (*text) {
        size_t n = strcspn(text, " \n");
        if (!first && column + 1 + n + strlen(mark) > WIDTH) {
            buf_format(to, "%s\n%*s", mark, (int)indent, "");
            column = indent;
        } else if (!first) {
            buf_byte(to, ' ');
            column++;
        }
        buf_append(to, text, n);
        column += n;
        first = false;
        text += n + (text[n] != 0);
    }
    buf_byte(to, '\n');
}

static void put_default(struct buf *to, const struct option *o)
{
    char number[NUM_TEXT];
    if (!o->to)
        return;
    if (o->kind == OPTION_INT && option_inside(o, (double)*(int64_t *)o->to)) {
        buf_format(to, " [%lld]", (long long)*(int64_t *)o->to);
    } else if (o->kind == OPTION_REAL && option_inside(o, *(double *)o->to)) {
        num_text(*(double *)o->to, number);
        buf_format(to, " [%s]", number);
    } else if ((o->kind == OPTION_TEXT || o->kind == OPTION_CHOICE) && *(const char **)o->to) {
        buf_format(to, " [%s]", *(const char **)o->to);
    }
}

/* "one|other" as words, between which a line may end. */
static void put_choices(struct buf *to, const char *choices)
{
    buf_text(to, ": ");
    for (; *choices; choices++)
        if (*choices == '|')
            buf_text(to, ", ");
        else
            buf_byte(to, *choices);
}

/* `defaults` is where the default is if not in the option itself; NULL: it is there. */
static void put_option(struct buf *to, const struct option *o, const struct option *defaults)
{
    const struct option *other = defaults ? row_named(defaults, o->name, strlen(o->name)) : NULL;
    size_t start = to->len;
    const char *value = option_value_name(o);
    buf_text(to, "  ");
    if (o->letter)
        buf_format(to, "-%c, ", o->letter);
    else
        buf_text(to, "    ");
    buf_format(to, "--%s%s%s", o->name, value ? " " : "", value ? value : "");
    if (to->len - start + 2 > LEFT) {
        buf_byte(to, '\n');
        start = to->len;
    }
    buf_format(to, "%*s", (int)(LEFT - (to->len - start)), "");

    struct buf text = {0};
    buf_text(&text, o->help ? o->help : "");
    if (o->kind == OPTION_CHOICE && o->argument)
        put_choices(&text, o->choices);
    put_default(&text, other ? other : o);
    buf_byte(&text, 0);
    put_wrapped(to, text.at, LEFT, LEFT, "");
    buf_release(&text);
}

void help_text(const struct cli *cli, struct buf *to)
{
    const struct program *p = cli->program;
    buf_format(to, "usage: %s ", p->name);
    size_t column = to->len;
    put_wrapped(to, p->usage, column, column, "");
    put_wrapped(to, p->purpose, 0, 0, "");
    buf_text(to, "\noptions, with their defaults in brackets:\n");
    const struct option_group *group = rows_group(cli);
    for (const struct option *const *table = p->tables; *table; table++)
        for (const struct option *o = *table; o->kind != OPTION_END; o++)
            put_option(to, o, group ? group->defaults : NULL);
    for (const struct option *o = cli->progress_rows; o->kind != OPTION_END; o++)
        put_option(to, o, NULL);
    for (const struct option *o = common_options; o->kind != OPTION_END; o++)
        put_option(to, o, NULL);
    if (group) {
        buf_format(to, "\noptions of --%s %s (%s --%s NAME --help shows those of another):\n",
                   p->chooser, group->name, p->name, p->chooser);
        for (const struct option *o = group->rows; o->kind != OPTION_END; o++)
            put_option(to, o, NULL);
    }
    if (p->notes)
        buf_format(to, "\n%s\n", p->notes);
    if (p->example) {
        buf_text(to, "\nexample:\n  ");
        put_wrapped(to, p->example, 2, 4, " \\");
    }
}

void version_text(const struct program *p, struct buf *to)
{
    buf_format(to, "%s (sesspipe) %s\n", p->name, SESSPIPE_VERSION);
    if (p->built_in)
        p->built_in(to);
}
