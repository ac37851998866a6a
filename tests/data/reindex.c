/* Sessions written with new ids: users and items are defined when a session first uses them, with
 * their attributes, and those that no session uses are left out. */
#include "data/reindex.h"

#include "stream/attributes.h"
#include "../tap.h"
#include "made.h"

/* Users u0 to u2 and items i0 to i4; u1 and i3 have attributes. */
static void note_names(struct reindex *r, struct names *users, struct names *items)
{
    struct buf packed = {0};
    attributes_pack(&packed, (const struct attribute[]){{"country", bytes_of("Norway")}}, 1);
    struct attributes norway = {{packed.at, packed.len}};
    for (int32_t i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "i%d", i);
        names_add(items, bytes_of(name), NULL);
        new_ids_note(&r->items, &(struct named){i, bytes_of(name),
                                                i == 3 ? norway : (struct attributes){{0}}});
        name[0] = 'u';
        if (i >= 3)
            continue;
        names_add(users, bytes_of(name), NULL);
        new_ids_note(&r->users, &(struct named){i, bytes_of(name),
                                                i == 1 ? norway : (struct attributes){{0}}});
    }
    r->users.names = users;
    r->items.names = items;
    buf_release(&packed);
}

static void append_named(struct buf *to, char kind, const struct named *n)
{
    struct bytes country = attributes_find(n->attributes, "country");
    struct bytes train = attributes_find(n->attributes, "train");
    buf_format(to, "%c%d=%.*s", kind, n->id, (int)n->name.len, n->name.at);
    if (country.len)
        buf_format(to, "(%.*s)", (int)country.len, country.at);
    if (train.len)
        buf_format(to, "#%.*s", (int)train.len, train.at);
    buf_text(to, " ");
}

/* The stream's records in order, as text. */
static void check(struct made *made, const char *expected, const char *name)
{
    struct buf text = {0};
    struct sessions_record r;
    struct err e;
    struct sessions_in *in = made_again(made);
    while (sessions_in_next(in, &r, &e) == READ_RECORD) {
        if (r.kind != RECORD_SESSION) {
            append_named(&text, r.kind == RECORD_USER ? 'u' : 'i', &r.named);
            continue;
        }
        buf_format(&text, "s%d:", r.session.user);
        for (size_t i = 0; i < r.session.count; i++)
            buf_format(&text, "%d,", r.session.items[i]);
        buf_text(&text, " ");
    }
    buf_byte(&text, 0);
    tap_ok(!strcmp(text.at, expected), "%s\n# %s", name, text.at);
    sessions_in_close(in);
    buf_release(&text);
}

static const int64_t times[] = {10, 20, 30};

static void one_by_one(const int64_t *train, const char *expected, const char *name)
{
    struct reindex r = {.train = train};
    struct names users = {0}, items = {0};
    struct err e;
    struct made made;
    made_open(&made);
    note_names(&r, &users, &items);
    const struct session sessions[] = {
        {2, PART_TRAIN, 3, times, (int32_t[]){4, 3, 4}, NULL, 0},
        {1, PART_TRAIN, 2, times, (int32_t[]){3, 0}, NULL, 0},
        {2, PART_TEST, 2, times + 1, (int32_t[]){0, 4}, NULL, 0},
    };
    for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++)
        must(reindex_session(&r, &made.out, &sessions[i], &e), &e);
    tap_ok(r.users.used == 2 && r.items.used == 3 && r.items.id.at[1] == -1 &&
               r.users.id.at[0] == -1,
           "what no session uses has no id");
    check(&made, expected, name);
    reindex_release(&r);
    names_release(&users);
    names_release(&items);
}

static void a_user(void)
{
    struct reindex r = {0};
    struct names users = {0}, items = {0};
    struct user_sessions h = {.user = 1};
    struct err e;
    struct made made;
    made_open(&made);
    note_names(&r, &users, &items);
    user_sessions_add(&h, &(struct session){1, 0, 2, times, (int32_t[]){2, 1}, NULL, 0});
    user_sessions_add(&h, &(struct session){1, 0, 2, times + 1, (int32_t[]){1, 0}, NULL, 0});
    must(reindex_write(&r, &made.out, &h, &e), &e);
    check(&made, "u0=u1(Norway) i0=i2 i1=i1 s0:0,1, i2=i0 s0:1,2, ", "all sessions of a user");
    user_sessions_release(&h);
    reindex_release(&r);
    names_release(&users);
    names_release(&items);
}

int main(void)
{
    one_by_one(NULL, "u0=u2 i0=i4 i1=i3(Norway) s0:0,1,0, u1=u1(Norway) i2=i0 s1:1,2, s0:2,0, ",
               "ids go up from 0 in the order of use, behind each name its attributes");
    one_by_one((const int64_t[]){1, 0, 0, 2, 1234567890123},
               "u0=u2 i0=i4#1234567890123 i1=i3(Norway)#2 s0:0,1,0, u1=u1(Norway) i2=i0#1 s1:1,2, "
               "s0:2,0, ",
               "counts of the training part join the attributes of items");
    a_user();
    return tap_done();
}
