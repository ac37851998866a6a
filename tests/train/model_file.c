/* The model file: weights that are matched by name, clusters of users, the index, and what is
 * refused. */
#include "train/model_file.h"

#include <glob.h>
#include <math.h>

#include "../tap.h"
#include "tiny_model.h"

static struct safetensors opened(const char *path)
{
    struct safetensors file;
    struct err e = {0};
    must(safetensors_open(&file, path, &e), &e);
    return file;
}

/* ---- weights ---- */

static void matched(void)
{
    struct tiny from, to;
    struct err e = {0};
    tiny_usual(&from, "xy", "ab", 1); /* bias 1 2, item x 3 4, y 5 6, user a 7 8, b 9 10 */
    tiny_save(&from, NULL, "model");
    tiny_usual(&to, "yzx", "bca", -99);
    tap_ok(!model_file_init(&to.model, &to.names, "model", NULL, &e), "a file is read %s", e.text);
    tap_ok(TINY_HAS(&to, "bias", 1, 2), "weights that are of no item and no user");
    tap_ok(TINY_HAS(&to, "item", 5, 6, -95, -94, 3, 4),
           "items by name, a new one keeps its initial values");
    tap_ok(TINY_HAS(&to, "user", 9, 10, 8, 9, 7, 8), "users by name, a new one takes their mean");
    tiny_close(&to);
    tiny_close(&from);
}

static void running(void)
{
    struct tiny from, to;
    struct err e = {0};
    tiny_usual(&from, "xy", "ab", 1);
    tiny_save(&from, NULL, "model");
    struct safetensors file = opened("model");
    must(safetensors_load(&file, &e), &e);
    tiny_open(&to, "yz", "ab");
    parameters_add_vector(&to.model.parameters, "bias", 2, 1);
    parameters_add_items(&to.model.parameters, "item", 2, 2, 1);
    parameters_add_table(&to.model.parameters, "user", 2, (const int64_t[]){2, 2}, 1);
    tiny_fill(&to, -99, false);
    float *user = parameters_find(&to.model.parameters, "user")->value;
    tap_ok(!model_file_read(&to.model, &to.names, &file, &e), "a model that only runs %s", e.text);
    tap_ok(TINY_HAS(&to, "item", 5, 6, 0, 0), "has no weights of a new item");
    tap_ok(TINY_HAS(&to, "user", 7, 8, 9, 10) &&
               parameters_find(&to.model.parameters, "user")->value != user,
           "and values in the loaded file, where rows are the same");
    tiny_close(&to);
    safetensors_close(&file);
    tiny_close(&from);
}

/* A model with one set of weights for all users, and a table that begins with zeros. */
static void shared(void)
{
    struct tiny from, to;
    struct err e = {0};
    tiny_open(&from, "x", "a");
    parameters_add_vector(&from.model.parameters, "user", 2, 1);
    parameters_add_table(&from.model.parameters, "zero", 2, (const int64_t[]){1, 2}, 0);
    tiny_fill(&from, 1, true);
    tiny_save(&from, NULL, "model");
    tiny_open(&to, "x", "abc");
    parameters_add_table(&to.model.parameters, "user", 2, (const int64_t[]){3, 2}, 1);
    parameters_add_table(&to.model.parameters, "zero", 2, (const int64_t[]){3, 2}, 0);
    tiny_fill(&to, -99, true);
    tap_ok(!model_file_init(&to.model, &to.names, "model", NULL, &e), "one set for all %s", e.text);
    tap_ok(TINY_HAS(&to, "user", 1, 2, 1, 2, 1, 2), "is that of every user");
    tap_ok(TINY_HAS(&to, "zero", 3, 4, 0, 0, 0, 0), "a new user begins with zeros where all did");
    tiny_close(&to);
    tiny_close(&from);
}

/* The usual model reads a file of `from`, which is closed: 65, with the text. */
static void refused(struct tiny *from, const char *items, const char *expected)
{
    struct tiny to;
    struct err e = {0};
    tiny_save(from, NULL, "model");
    tiny_usual(&to, items, "ab", 0);
    tap_ok(model_file_init(&to.model, &to.names, "model", NULL, &e) == STATUS_DATA &&
               strstr(e.text, expected),
           "%s", e.text);
    tiny_close(&to);
    tiny_close(from);
}

static void refusals(void)
{
    struct tiny from;
    tiny_usual(&from, "xy", "ab", 1);
    refused(&from, "uv", "none of its items occurs in the input");
    tiny_usual(&from, "xy", "ab", 1);
    parameters_find(&from.model.parameters, "item")->value[1] = NAN;
    refused(&from, "xy", "item: holds a value that is not a finite number");
    tiny_usual(&from, "xy", "ab", 1);
    mem_free(from.model.parameters.list.at[0]->name);
    from.model.parameters.list.at[0]->name = mem_copy("other", 5);
    refused(&from, "xy", "other: the model with these options has no such weights");
    tiny_open(&from, "xy", "ab");
    parameters_add_vector(&from.model.parameters, "bias", 3, 1);
    tiny_fill(&from, 1, true);
    refused(&from, "xy", "bias: shape is [3], the model's options give [2]");
    tiny_open(&from, "xy", "ab");
    parameters_add_vector(&from.model.parameters, "bias", 2, 1);
    tiny_fill(&from, 1, true);
    refused(&from, "xy", "item: is missing: the file is of another model or of other options");
    tiny_usual(&from, "xy", "ab", 1);
    from.model.data.group = (const int32_t[]){0, 0};
    refused(&from, "xy", "users.cluster: the model's options give each user their own weights");
}

/* ---- clusters ---- */

/* Two sets of weights for the users a, b, c: of a and c, and of b. */
static void clusters(void)
{
    struct tiny from, to;
    struct err e = {0};
    struct names users;
    i32_vec group = {0};
    int blocks, theirs;
    tiny_open(&from, "x", "abc");
    from.model.data.group = (const int32_t[]){1, 0, 1}, from.model.data.groups = 2;
    parameters_add_table(&from.model.parameters, "user", 2, (const int64_t[]){2, 2}, 1);
    tiny_fill(&from, 1, true);
    tiny_save(&from, NULL, "model");
    struct safetensors file = opened("model");
    tiny_names(&users, "cdb");
    tap_ok(!model_file_groups(&file, &users, &group, &blocks, &theirs, &e) && theirs == 2 &&
               blocks == 3 && group.at[0] == 1 && group.at[1] == 2 && group.at[2] == 0,
           "users take their clusters, a new one another");
    tiny_open(&to, "x", "cdb");
    to.model.data.group = group.at, to.model.data.groups = blocks;
    parameters_add_table(&to.model.parameters, "user", 2, (const int64_t[]){3, 2}, 1);
    tiny_fill(&to, -99, true);
    tap_ok(!model_file_read(&to.model, &to.names, &file, &e) &&
               TINY_HAS(&to, "user", 1, 2, 3, 4, 2, 3),
           "whose weights are the mean of all %s", e.text);
    to.model.data.groups = 1;
    tap_ok(model_file_read(&to.model, &to.names, &file, &e) == STATUS_DATA &&
               strstr(e.text, "more clusters than"),
           "%s", e.text);
    tiny_close(&to);
    tiny_close(&from);
    names_release(&users);
    vec_release(&group);
    safetensors_close(&file);
}

/* ---- the index ---- */

/* Sessions of items 0 1, then 1, then 2 0 1. */
static struct session_index small_index(void)
{
    static int64_t start[] = {10, 20, 15}, last[] = {12, 20, 30}, event[] = {0, 2, 3, 6};
    static int32_t item[] = {0, 1, 1, 2, 0, 1};
    return (struct session_index){
        .items = 3, .sessions = 3, .start = start, .last = last, .event = event, .item = item};
}

static void index_read(void)
{
    struct tiny from;
    struct session_index x = small_index(), back;
    struct err e = {0};
    bool there;
    tiny_usual(&from, "xyz", "a", 1);
    tiny_save(&from, &x, "model");
    struct safetensors file = opened("model");
    tap_ok(!model_file_index(&file, 3, &back, &there, &e) && there && back.sessions == 3,
           "the index is read %s", e.text);
    tap_ok(!memcmp(back.start, x.start, 3 * sizeof *x.start) &&
               !memcmp(back.last, x.last, 3 * sizeof *x.last) &&
               !memcmp(back.event, x.event, 4 * sizeof *x.event) &&
               !memcmp(back.item, x.item, 6 * sizeof *x.item),
           "as it was saved");
    tap_ok(session_index_postings(&back, 1, 3) == 3 && session_index_ranks(&back, 2)[0] == 2,
           "with the sessions of each item");
    session_index_release(&back);
    safetensors_close(&file);
    tiny_save(&from, NULL, "model");
    file = opened("model");
    tap_ok(!model_file_index(&file, 3, &back, &there, &e) && !there, "or there is none");
    session_index_release(&back);
    safetensors_close(&file);
    tiny_close(&from);
}

static void index_refused(struct session_index x, const char *expected)
{
    struct tiny from;
    struct session_index back;
    struct err e = {0};
    bool there;
    tiny_usual(&from, "xyz", "a", 1);
    tiny_save(&from, &x, "model");
    struct safetensors file = opened("model");
    tap_ok(model_file_index(&file, 3, &back, &there, &e) == STATUS_DATA && strstr(e.text, expected),
           "%s", e.text);
    session_index_release(&back);
    safetensors_close(&file);
    tiny_close(&from);
}

static void indices_refused(void)
{
    struct session_index x = small_index();
    x.last = (int64_t[]){12, 11, 30};
    index_refused(x, "index.last: does not fit");
    x = small_index();
    x.start = (int64_t[]){13, 20, 15};
    index_refused(x, "index.last: does not fit");
    x = small_index();
    x.start = (int64_t[]){-1, 10, 15};
    index_refused(x, "index.start: does not fit");
    x = small_index();
    x.event = (int64_t[]){0, 2, 2, 6};
    index_refused(x, "index.event: does not fit");
    x.event = (int64_t[]){1, 2, 3, 6};
    index_refused(x, "index.event: does not fit");
    x = small_index();
    x.item = (int32_t[]){0, 1, 1, 3, 0, 1};
    index_refused(x, "index.item: does not fit");
}

/* ---- before training ---- */

static void checks(void)
{
    struct err e = {0};
    glob_t left;
    tap_ok(!model_file_check("fine", &e) && glob("fine*", 0, NULL, &left) == GLOB_NOMATCH,
           "a check leaves no file");
    tap_ok(model_file_check("-", &e) == STATUS_CANTCREATE, "%s", e.text);
    tap_ok(model_file_check("no/such/folder", &e) == STATUS_CANTCREATE, "%s", e.text);
}

int main(void)
{
    matched();
    running();
    shared();
    refusals();
    clusters();
    index_read();
    indices_refused();
    checks();
    return tap_done();
}
