#include "stream/json_schema.h"

#include "stream/readers.h"

/* Records that are [tag, map]. */
static const struct {
    const char *tag;
    const struct field *fields;
} maps[] = {
    {"rank", rank_fields},
    {"top", top_fields},
    {"attention", attention_fields},
    {"intent", intent_fields},
};

static bool is(struct bytes text, const char *word)
{
    return bytes_equal(text, bytes_of(word));
}

int json_schema_expects(const struct json_place *p)
{
    if (is(p->tag, "session") && p->index == 3)
        return COLUMN_I64;
    bool numbers = (is(p->tag, "session") && p->index == 4) || is(p->tag, "parallel") ||
                   (is(p->tag, "batch") && p->index == 1);
    return numbers ? COLUMN_I32 : EXPECT_LIST;
}

int json_schema_expects_key(const struct json_place *p, struct bytes key)
{
    if (is(p->tag, "session") && p->index == 5)
        return EXPECT_NUMBERS;
    if (is(p->tag, PLACE_MAGIC) && p->index == 2)
        return is(key, "delta_edges") || is(key, "dwell_edges") ? COLUMN_I64 : EXPECT_LIST;
    for (size_t i = 0; i < sizeof maps / sizeof *maps && p->index == 1; i++)
        if (is(p->tag, maps[i].tag))
            for (const struct field *f = maps[i].fields; f->key; f++)
                if (is(key, f->key) && f->type <= FIELD_U8)
                    return (int)f->type;
    return EXPECT_LIST;
}
