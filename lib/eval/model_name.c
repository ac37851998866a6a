#include "eval/model_name.h"

/* The options that make the label, in its order; what is not set is left out. */
static const char *const label_option[] = {"model",   "inter",   "intra",
                                           "encoder", "decoder", "propagate"};
enum { LABEL_OPTIONS = sizeof label_option / sizeof *label_option };

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

static const struct program_option *find_setting(const struct model_name *c, int program,
                                                 struct bytes option)
{
    for (size_t i = 0; i < c->settings.len; i++)
        if (c->settings.at[i].program == program &&
            bytes_equal(text_at(c, c->settings.at[i].name), option))
            return &c->settings.at[i];
    return NULL;
}

static bool same_setting(const struct model_name *a, const struct program_option *s,
                         const struct model_name *b)
{
    const struct program_option *t = find_setting(b, s->program, text_at(a, s->name));
    return t && bytes_equal(text_at(a, s->value), text_at(b, t->value));
}

bool model_name_same_model(const struct model_name *a, const struct model_name *b)
{
    if (a->settings.len != b->settings.len)
        return false;
    for (size_t i = 0; i < a->settings.len; i++)
        if (!is_seed(a, &a->settings.at[i]) && !same_setting(a, &a->settings.at[i], b))
            return false;
    return true;
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
    size_t before = to->len;
    for (int i = 0; i < LABEL_OPTIONS; i++) {
        struct bytes value = model_name_find(c, label_option[i]);
        if (value.len && to->len > before)
            buf_byte(to, ' ');
        buf_append(to, value.at, value.len);
    }
    if (to->len == before) {
        struct bytes program = model_name_find(c, "");
        buf_append(to, program.at, program.len);
    }
    if (to->len == before)
        buf_text(to, "unnamed");
}

static bool in_label(const struct model_name *c, const struct program_option *s)
{
    for (int i = 0; i < LABEL_OPTIONS; i++)
        if (bytes_equal(text_at(c, s->name), bytes_of(label_option[i])))
            return true;
    return false;
}

/* Whether every other chain has the setting too. */
static bool shared(const struct model_name *c, const struct program_option *s,
                   const struct model_name *const *others, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!same_setting(c, s, others[i]))
            return false;
    return true;
}

void model_name_distinguish(const struct model_name *c, const struct model_name *const *others,
                            size_t n, struct buf *to)
{
    for (size_t i = 0; i < c->settings.len; i++) {
        const struct program_option *s = &c->settings.at[i];
        if (is_seed(c, s) || in_label(c, s) || shared(c, s, others, n))
            continue;
        struct bytes name = text_at(c, s->name), value = text_at(c, s->value);
        buf_byte(to, ' ');
        buf_append(to, name.at, name.len);
        if (name.len)
            buf_byte(to, '=');
        buf_append(to, value.at, value.len);
    }
}

void model_name_release(struct model_name *c)
{
    buf_release(&c->text);
    vec_release(&c->settings);
}
