/* Lists of names and clusters of users in a model file, whole and damaged. */
#include "train/model_file_names.h"

#include "../streams.h"
#include "../tap.h"

/* An entry of one dimension. */
struct array {
    const char *name, *type;
    int64_t length;
    const void *at;
};

/* A file of the entries, up to the first without a name. */
static struct safetensors file_of(const struct array *arrays)
{
    struct safetensors_entry entry[4] = {{0}};
    struct safetensors file;
    struct err e = {0};
    int n = 0;
    for (; arrays[n].name; n++) {
        entry[n] =
            (struct safetensors_entry){.name = mem_copy(arrays[n].name, strlen(arrays[n].name)),
                                       .type = arrays[n].type,
                                       .dims = 1,
                                       .shape = {arrays[n].length},
                                       .at = arrays[n].at};
    }
    must(safetensors_write("file", NULL, 0, entry, n, &e), &e);
    for (int i = 0; i < n; i++)
        mem_free(entry[i].name);
    must(safetensors_open(&file, "file", &e), &e);
    return file;
}
#define FILE_OF(...) file_of((const struct array[]){__VA_ARGS__, {0}})

#define BYTES(text)                                                                                \
    {                                                                                              \
        "users.bytes", "U8", sizeof text - 1, text                                                 \
    }
#define OFFSETS(...)                                                                               \
    {                                                                                              \
        "users.offsets", "I64", sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[])    \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static void whole(void)
{
    struct safetensors file = FILE_OF(OFFSETS(0, 3, 3, 5), BYTES("annbo"));
    struct names names = {0};
    struct err e = {0};
    bool there = false;
    tap_ok(!file_names_read(&file, "users", &names, &there, &e) && there &&
               names_count(&names) == 3 && bytes_equal(names_at(&names, 0), bytes_of("ann")) &&
               !names_at(&names, 1).len && bytes_equal(names_at(&names, 2), bytes_of("bo")),
           "names, one of them empty %s", e.text);
    tap_ok(!file_names_read(&file, "items", &names, &there, &e) && !there,
           "a list may not be there");
    tap_ok(file_names_read(&file, "items", &names, NULL, &e) == STATUS_DATA,
           "unless it is needed: %s", e.text);
    names_release(&names);
    safetensors_close(&file);
}

static void refused(struct safetensors file, const char *expected)
{
    struct names names = {0};
    struct err e = {0};
    bool there;
    tap_ok(file_names_read(&file, "users", &names, &there, &e) == STATUS_DATA &&
               strstr(e.text, expected),
           "%s", e.text);
    names_release(&names);
    safetensors_close(&file);
}

static void refusals(void)
{
    refused(FILE_OF(BYTES("ann")), "users.offsets: is missing");
    refused(FILE_OF(OFFSETS(0, 3)), "users.bytes: is missing");
    refused(FILE_OF(OFFSETS(1, 3), BYTES("ann")), "users.offsets: do not begin at 0");
    refused(FILE_OF(OFFSETS(0, 2), BYTES("ann")), "users.offsets: do not begin at 0");
    refused(FILE_OF(OFFSETS(0, 3, 2, 5), BYTES("annbo")), "users.offsets: are not ascending");
    refused(FILE_OF(OFFSETS(0, 9, 5), BYTES("annbo")), "users.offsets: are not ascending");
    refused(FILE_OF(OFFSETS(0, 1, 2), BYTES("aa")), "users.bytes: a name occurs twice");
    refused(FILE_OF({"users.offsets", "I32", 2, (int32_t[]){0, 3}}, BYTES("ann")),
            "users.offsets: expected I64");
    refused(FILE_OF(OFFSETS(0, 3), {"users.bytes", "I32", 3, (int32_t[]){1, 2, 3}}),
            "users.bytes: expected U8");
}

/* ---- clusters ---- */

static void clusters(void)
{
    struct safetensors file = FILE_OF({"users.cluster", "I32", 3, (int32_t[]){1, 0, 1}});
    i32_vec cluster = {0};
    struct err e = {0};
    int blocks;
    tap_ok(!file_clusters_read(&file, 3, &cluster, &blocks, &e) && blocks == 2 &&
               cluster.len == 3 && cluster.at[0] == 1 && cluster.at[1] == 0,
           "a cluster for each user");
    tap_ok(file_clusters_read(&file, 2, &cluster, &blocks, &e) == STATUS_DATA, "other users: %s",
           e.text);
    safetensors_close(&file);
    file = FILE_OF({"users.cluster", "I32", 2, (int32_t[]){0, 2}});
    tap_ok(file_clusters_read(&file, 2, &cluster, &blocks, &e) == STATUS_DATA,
           "more clusters than users: %s", e.text);
    safetensors_close(&file);
    file = FILE_OF(BYTES("a"));
    tap_ok(!file_clusters_read(&file, 2, &cluster, &blocks, &e) && !blocks, "no clusters");
    safetensors_close(&file);
    vec_release(&cluster);
}

int main(void)
{
    whole();
    refusals();
    clusters();
    return tap_done();
}
