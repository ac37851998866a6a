#include "eval/model_name.h"

#include <stdlib.h>
#include <string.h>

#include "base/names.h"

static struct bytes text_at(const struct model_name *c, const size_t at[2])
{
    return (struct bytes){c->text.at + at[0], at[1]};
}

static bool is_seed(const struct model_name *c, const struct program_option *s)
{
    return bytes_equal(text_at(c, s->name), bytes_of("seed"));
}

void model_name_add(struct model_name *c, int program, struct bytes option, struct bytes value)
{
    struct program_option s = {
        program, {c->text.len, option.len}, {c->text.len + option.len, value.len}};
    buf_append(&c->text, option.at, option.len);
    buf_append(&c->text, value.at, value.len);
    vec_push(&c->settings, s);
}

/* Appends an option in a form that no other option has, whatever bytes are in it. */
static void append_key(const struct model_name *c, const struct program_option *s, struct buf *to)
{
    buf_format(to, "%d %zu %zu ", s->program, s->name[1], s->value[1]);
    buf_append(to, c->text.at + s->name[0], s->name[1] + s->value[1]); /* end to end */
    buf_byte(to, '\n');
}

struct keyed_option {
    const struct model_name *chain;
    const struct program_option *option;
};

static int by_program_and_name(const void *a, const void *b)
{
    const struct keyed_option *x = a, *y = b;
    if (x->option->program != y->option->program)
        return x->option->program < y->option->program ? -1 : 1;
    int order =
        bytes_compare(text_at(x->chain, x->option->name), text_at(y->chain, y->option->name));
    return order ? order : (x->option > y->option) - (x->option < y->option);
}

void model_name_key(const struct model_name *c, struct buf *to)
{
    VEC(struct keyed_option) sorted = {0};
    for (size_t i = 0; i < c->settings.len; i++)
        if (!is_seed(c, &c->settings.at[i]))
            vec_push(&sorted, ((struct keyed_option){c, &c->settings.at[i]}));
    if (sorted.len)
        qsort(sorted.at, sorted.len, sizeof *sorted.at, by_program_and_name);
    for (size_t i = 0; i < sorted.len; i++)
        append_key(c, sorted.at[i].option, to);
    vec_release(&sorted);
}

void model_name_seeds(const struct model_name *c, struct buf *to)
{
    for (size_t i = 0; i < c->settings.len; i++)
        if (is_seed(c, &c->settings.at[i]))
            append_key(c, &c->settings.at[i], to);
}

struct bytes model_name_find(const struct model_name *c, const char *option)
{
    for (size_t i = c->settings.len; i-- > 0;)
        if (bytes_equal(text_at(c, c->settings.at[i].name), bytes_of(option)))
            return text_at(c, c->settings.at[i].value);
    return (struct bytes){NULL, 0};
}

void model_name_label(const struct model_name *c, struct buf *to)
{
    struct bytes name = {c->label.at, c->label.len};
    if (!name.len)
        name = model_name_find(c, "model");
    if (!name.len)
        name = model_name_find(c, "");
    buf_append(to, name.at, name.len);
    if (!name.len)
        buf_text(to, "unnamed");
}

/* Whether the label says the option: it is the model, or its value is a word of the label. */
static bool in_label(const struct model_name *c, const struct program_option *s)
{
    struct bytes value = text_at(c, s->value);
    const char *at = c->label.at, *end = at + c->label.len;
    if (bytes_equal(text_at(c, s->name), bytes_of("model")))
        return true;
    for (const char *space; at < end; at = space + 1) {
        space = memchr(at, ' ', (size_t)(end - at));
        space = space ? space : end;
        if (bytes_equal((struct bytes){at, (size_t)(space - at)}, value))
            return true;
    }
    return false;
}

static void append_option(const struct model_name *c, const struct program_option *s,
                          struct buf *to)
{
    struct bytes name = text_at(c, s->name), value = text_at(c, s->value);
    buf_byte(to, ' ');
    buf_append(to, name.at, name.len);
    if (name.len)
        buf_byte(to, '=');
    buf_append(to, value.at, value.len);
}

/* How many of the models have an option with a value. */
struct option_counts {
    struct names keys;
    VEC(size_t) models; /* of each key */
    struct buf key;
};

/* Adds `more` to the count of the option, which is returned. */
static size_t count_option(struct option_counts *t, const struct model_name *c,
                           const struct program_option *s, size_t more)
{
    bool is_new;
    buf_clear(&t->key);
    append_key(c, s, &t->key);
    int32_t id = names_add(&t->keys, (struct bytes){t->key.at, t->key.len}, &is_new);
    if (is_new)
        vec_push(&t->models, 0);
    return t->models.at[id] += more;
}

void model_name_distinguish(const struct namesake *same, size_t n)
{
    struct option_counts t = {0};
    for (size_t i = 0; i < n; i++)
        for (size_t s = 0; s < same[i].chain->settings.len; s++)
            count_option(&t, same[i].chain, &same[i].chain->settings.at[s], 1);
    for (size_t i = 0; i < n; i++) {
        const struct model_name *c = same[i].chain;
        for (size_t k = 0; same[i].to && k < c->settings.len; k++) {
            const struct program_option *s = &c->settings.at[k];
            if (!is_seed(c, s) && !in_label(c, s) && count_option(&t, c, s, 0) < n)
                append_option(c, s, same[i].to);
        }
    }
    names_release(&t.keys);
    vec_release(&t.models);
    buf_release(&t.key);
}

void model_name_release(struct model_name *c)
{
    buf_release(&c->label);
    buf_release(&c->text);
    vec_release(&c->settings);
}
