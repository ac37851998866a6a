#include "base/option.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

const char *option_value_name(const struct option *o)
{
    switch (o->kind) {
    case OPTION_FLAG:
        return NULL;
    case OPTION_CALL:
        return o->argument;
    case OPTION_CHOICE:
        return o->argument ? o->argument : o->choices;
    default:
        return o->argument ? o->argument : "N";
    }
}

bool option_inside(const struct option *o, double value)
{
    return (o->low == 0 && o->high == 0) || (value >= o->low && value <= o->high);
}

/* Bounds beyond these are those of the type and are not shown. */
enum { FAR = 1000000000 };
static bool is_far(double bound)
{
    return bound > (double)FAR * FAR || bound < -(double)FAR * FAR;
}

void option_range(const struct option *o, struct buf *to)
{
    char low[NUM_TEXT], high[NUM_TEXT];
    num_text(o->low, low);
    num_text(o->high, high);
    buf_text(to, o->kind == OPTION_INT ? "a whole number" : "a number");
    if ((o->low == 0 && o->high == 0) || (is_far(o->low) && is_far(o->high)))
        return;
    if (is_far(o->high))
        buf_format(to, " of %s or more", low);
    else if (is_far(o->low))
        buf_format(to, " of %s or less", high);
    else
        buf_format(to, " from %s to %s", low, high);
}

static int refuse(const struct option *o, const char *text, struct err *e)
{
    struct buf range = {0};
    option_range(o, &range);
    err_set(e, STATUS_USAGE, "'%s' is not %.*s", text, (int)range.len, range.at);
    buf_release(&range);
    return e->status;
}

static int set_choice(const struct option *o, const char *text, struct err *e)
{
    size_t len = strlen(text);
    struct buf words = {0};
    for (const char *at = o->choices, *end; at; at = *end ? end + 1 : NULL) {
        end = at + strcspn(at, "|");
        size_t n = (size_t)(end - at);
        if (n == len && !memcmp(at, text, n)) {
            *(const char **)o->to = text;
            buf_release(&words);
            return 0;
        }
        buf_format(&words, "%s%.*s", words.len ? ", " : "", (int)n, at);
    }
    err_set(e, STATUS_USAGE, "'%s' is not one of %.*s", text, (int)words.len, words.at);
    buf_release(&words);
    return e->status;
}

int option_check_file(const char *path, struct err *e)
{
    return strcmp(path, "-")
               ? 0
               : err_set(e, STATUS_USAGE, "name a file: standard input is for the program's input");
}

int option_set(const struct option *o, const char *text, struct err *e)
{
    int64_t i;
    double real;
    switch (o->kind) {
    case OPTION_END:
        break;
    case OPTION_FLAG:
        *(bool *)o->to = true;
        break;
    case OPTION_INT:
        if (!num_i64(text, strlen(text), &i) || !option_inside(o, (double)i))
            return refuse(o, text, e);
        *(int64_t *)o->to = i;
        break;
    case OPTION_REAL:
        if (!num_f64(text, strlen(text), &real) || !option_inside(o, real))
            return refuse(o, text, e);
        *(double *)o->to = real;
        break;
    case OPTION_TEXT:
        if (o->file && option_check_file(text, e))
            return e->status;
        *(const char **)o->to = text;
        break;
    case OPTION_CHOICE:
        return set_choice(o, text, e);
    case OPTION_CALL:
        return o->call(o->to, text, e);
    }
    return 0;
}

int option_memory(void *to, const char *text, struct err *e)
{
    if (num_size(text, strlen(text), to) && *(int64_t *)to >= 64 << 10)
        return 0;
    return err_set(e, STATUS_USAGE, "'%s' is not a size of 64K or more, like 512M or 2G", text);
}

int option_restore(const struct option *o, const char *value, struct err *e)
{
    if (o->kind == OPTION_FLAG && value && !strcmp(value, "false")) {
        *(bool *)o->to = false;
        return 0;
    }
    if (o->kind == OPTION_FLAG && (!value || strcmp(value, "true")))
        return err_set(e, STATUS_USAGE, "'%s' is neither true nor false", value ? value : "");
    if (value || o->kind == OPTION_CALL)
        return option_set(o, value, e);
    if (o->kind != OPTION_TEXT && o->kind != OPTION_CHOICE)
        return refuse(o, "", e);
    if (o->kind == OPTION_TEXT)
        *(const char **)o->to = NULL;
    return 0;
}

struct option *option_bind(const struct option *const *groups, void *to)
{
    size_t n = 0;
    for (const struct option *const *g = groups; *g; g++)
        for (const struct option *o = *g; o->kind != OPTION_END; o++)
            n++;
    struct option *table = mem_zero(n + 1, sizeof *table), *row = table;
    for (const struct option *const *g = groups; *g; g++)
        for (const struct option *o = *g; o->kind != OPTION_END; o++, row++) {
            *row = *o;
            row->to = (char *)to + o->at;
        }
    return table;
}
