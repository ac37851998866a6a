/* Clusters of users: by number, from a file of users, from a model's file, and found. */
#include "train/clustering.h"

#include "../files.h"
#include "../tap.h"
#include "tiny_model.h"

static bool groups_are(const struct clustering *c, const int32_t *expected, size_t n)
{
    return c->group.len == n && !memcmp(c->group.at, expected, n * sizeof *expected);
}
#define GROUPS_ARE(c, ...)                                                                         \
    groups_are(c, (const int32_t[]){__VA_ARGS__},                                                  \
               sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t))

/* ---- which clusters ---- */

static void numbers(void)
{
    struct names users;
    struct clustering c;
    struct err e = {0};
    tap_ok(clustering_number("8") == 8 && !clustering_number("0") && !clustering_number("-1") &&
               !clustering_number("8.tsv"),
           "a number of clusters, or the name of a file");
    tiny_names(&users, "abc");
    tap_ok(!clustering_open(&c, "2", NULL, false, &users, &e) && c.blocks == 2 && c.to_find &&
               GROUPS_ARE(&c, 0, 0, 0),
           "a number: to be found");
    clustering_release(&c);
    tap_ok(clustering_open(&c, "4", NULL, false, &users, &e) == STATUS_USAGE, "%s", e.text);
    clustering_release(&c);
    names_release(&users);
}

static void files(void)
{
    struct names users;
    struct clustering c;
    struct err e = {0};
    tiny_names(&users, "abc");
    text_to_file("clusters", "c\tyoung\r\nx\tvery old\na\told\nb\tyoung");
    tap_ok(!clustering_open(&c, "clusters", NULL, false, &users, &e) && c.blocks == 3 &&
               !c.to_find && GROUPS_ARE(&c, 2, 0, 0),
           "a file, which may have other users too %s", e.text);
    clustering_release(&c);
    names_release(&users);
}

static void refused(const char *text, const char *expected)
{
    struct names users;
    struct clustering c;
    struct err e = {0};
    tiny_names(&users, "ab");
    text_to_file("clusters", text);
    tap_ok(clustering_open(&c, "clusters", NULL, false, &users, &e) == STATUS_DATA &&
               strstr(e.text, expected),
           "%s", e.text);
    clustering_release(&c);
    names_release(&users);
}

static void refusals(void)
{
    struct names users;
    struct clustering c;
    struct err e = {0};
    refused("a\t1\n", "no cluster for user \"b\"");
    refused("a\t1\nb\t1\na\t1\n", "clusters, line 3: this user has a line already");
    refused("a 1\n", "clusters, line 1: expected user, tab, cluster");
    refused("a\t\n", "line 1: expected user, tab, cluster");
    refused("\t1\n", "line 1: expected user, tab, cluster");
    tiny_names(&users, "ab");
    tap_ok(clustering_open(&c, "no-such-file", NULL, false, &users, &e) == STATUS_NOINPUT, "%s",
           e.text);
    clustering_release(&c);
    names_release(&users);
}

static void of_a_model(void)
{
    struct tiny t;
    struct safetensors file;
    struct clustering c;
    struct err e = {0};
    tiny_open(&t, "x", "ab");
    t.model.data.group = (const int32_t[]){1, 0}, t.model.data.groups = 2;
    parameters_add_table(&t.model.parameters, "user", 2, (const int64_t[]){2, 2}, 1);
    tiny_fill(&t, 1, true);
    tiny_save(&t, NULL, "model");
    must(safetensors_open(&file, "model", &e), &e);
    tap_ok(!clustering_open(&c, "2", &file, false, &t.users, &e) && c.blocks == 2 && !c.to_find &&
               GROUPS_ARE(&c, 1, 0),
           "a model that is trained on keeps its clusters");
    clustering_release(&c);
    tap_ok(clustering_open(&c, "3", &file, false, &t.users, &e) == STATUS_USAGE, "%s", e.text);
    clustering_release(&c);
    tap_ok(!clustering_open(&c, "3", &file, true, &t.users, &e) && GROUPS_ARE(&c, 1, 0),
           "one that only runs needs no number");
    clustering_release(&c);
    safetensors_close(&file);
    tiny_close(&t);
}

/* ---- finding them ---- */

/* Users 0 and 2 have items 0 and 1, users 1 and 3 have 2 and 3 in training, and the others' in
 * tests. */
static void sessions_of_two_kinds(struct session_store *c)
{
    struct err e;
    *c = (struct session_store){.item.limit = 0};
    for (int32_t user = 0; user < 4; user++)
        for (int test = 0; test < 2; test++) {
            int32_t first = 2 * ((user + test) % 2);
            int32_t items[] = {first, first + 1, first, first + 1};
            struct session s = {.user = user,
                                .part = test ? PART_TEST : PART_TRAIN,
                                .count = 4,
                                .times = (int64_t[]){test, test, test, test},
                                .items = items};
            must(session_store_add(c, &s, &e), &e);
        }
    must(session_store_end(c, &e), &e);
}

static void found(bool embedded)
{
    struct session_store sessions;
    struct tiny t;
    struct clustering c;
    struct err e = {0};
    sessions_of_two_kinds(&sessions);
    tiny_open(&t, "wxyz", "abcd");
    parameters_add_items(&t.model.parameters, "item_embedding.weight", 4, 2, 1);
    tiny_fill(&t, 1, true);
    must(clustering_open(&c, "2", NULL, false, &t.users, &e), &e);
    clustering_find(&c, &sessions, &t.model, embedded, 1);
    const int32_t *group = c.group.at;
    tap_ok(group[0] == group[2] && group[1] == group[3] && group[0] != group[1],
           "users of the same items in training, by %s", embedded ? "embeddings" : "frequencies");
    clustering_release(&c);
    session_store_release(&sessions);
    tiny_close(&t);
}

int main(void)
{
    numbers();
    files();
    refusals();
    of_a_model();
    found(false);
    found(true);
    return tap_done();
}
