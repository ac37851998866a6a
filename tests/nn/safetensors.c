/* Files of tensors: what is written is read back; every cut and every broken header is refused. */
#include "nn/safetensors.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/random.h"
#include "../files.h"
#include "../tap.h"

static const char path[] = "tensors"; /* in the folder that the test runs in */

/* ---- what is written is read back ---- */

static const float values[6] = {1, -2.5f, 3e-30f, 0, 7, 8};
static const int64_t offsets[3] = {0, 4, INT64_MAX};
static char name_a[] = "output.weight", name_b[] = "v\"\\\n\xc3\xa9", name_c[] = "empty";

static int write_one(struct err *e)
{
    static char key[] = "model", text[] = "a \"b\" \\ \x01 \xe2\x82\xac";
    struct safetensors_text meta = {key, {text, sizeof text - 1, 0}};
    struct safetensors_entry entries[] = {
        {.name = name_b, .type = "I64", .dims = 1, .shape = {3}, .at = offsets},
        {.name = name_a, .type = "F32", .dims = 2, .shape = {2, 3}, .at = values},
        {.name = name_c, .type = "U8", .dims = 2, .shape = {0, 5}, .at = NULL},
    };
    return safetensors_write(path, &meta, 1, entries, 3, e);
}

static void check_round_trip(void)
{
    struct safetensors s;
    struct err e;
    float read[6];
    int64_t last;
    int status = write_one(&e);
    tap_ok(status == 0 && safetensors_open(&s, path, &e) == 0, "a file that was written opens");
    const struct safetensors_entry *a = safetensors_find(&s, name_a);
    const struct safetensors_entry *b = safetensors_find(&s, name_b);
    const struct safetensors_entry *c = safetensors_find(&s, name_c);
    tap_ok(a && b && c && !safetensors_find(&s, "other") && s.entries.len == 3 && a->dims == 2 &&
               a->shape[0] == 2 && a->shape[1] == 3 && !strcmp(a->type, "F32") && c->dims == 2 &&
               c->shape[0] == 0,
           "with its names, types and shapes");
    status = safetensors_read(&s, a, 0, read, sizeof read, &e);
    status |= safetensors_read(&s, b, 16, &last, sizeof last, &e);
    tap_ok(status == 0 && !memcmp(read, values, sizeof read) && last == INT64_MAX,
           "and with its values");
    tap_ok(s.texts.len == 3 && !strcmp(s.texts.at[0].key, "model") &&
               bytes_equal((struct bytes){s.texts.at[0].value.at, s.texts.at[0].value.len},
                           bytes_of("a \"b\" \\ \x01 \xe2\x82\xac")) &&
               s.data % 8 == 0,
           "and with its texts; the tensors are aligned");
    tap_ok(!safetensors_load(&s, &e) && !memcmp(safetensors_at(&s, a), values, sizeof values),
           "and loads, since they have the hash that it names");
    safetensors_close(&s);
}

/* ---- what has changed is noticed ---- */

static int loads(struct err *e)
{
    struct safetensors s;
    int status = safetensors_open(&s, path, e);
    if (!status)
        status = safetensors_load(&s, e);
    safetensors_close(&s);
    return status;
}

static void check_hash(void)
{
    struct err e;
    write_one(&e);
    struct buf file = bytes_of_file(path);
    size_t tensors = sizeof offsets + sizeof values, wrong = 0;
    for (size_t bit = 0; bit < 8 * tensors; bit++) {
        char *at = &file.at[file.len - tensors + bit / 8];
        *at = (char)(*at ^ 1 << bit % 8);
        bytes_to_file(path, file.at, file.len);
        wrong += loads(&e) != STATUS_DATA || !strstr(e.text, "xxh3");
        *at = (char)(*at ^ 1 << bit % 8);
    }
    tap_ok(!wrong, "any bit of the tensors flipped: %s", e.text);
    for (char *digit = strstr(file.at + 8, "__metadata__"); *digit != '}'; digit++)
        if (*digit >= '0' && *digit <= '9' && digit[-1] != 'h') { /* not the keys */
            *digit ^= 1;
            bytes_to_file(path, file.at, file.len);
            wrong += loads(&e) != STATUS_DATA || !strstr(e.text, "xxh3");
            *digit ^= 1;
        }
    tap_ok(!wrong, "any digit of the texts and the hashes: %s", e.text);
    char *key = strstr(file.at + 8, "xxh3");
    file.at[file.len - 1] ^= 1;
    memcpy(key, "none", 4);
    bytes_to_file(path, file.at, file.len);
    tap_ok(!loads(&e), "a file without a hash is taken as it is");
    buf_release(&file);
}

/* A file that becomes another between opening and loading, and one that does so after it. */
static void check_changes(void)
{
    struct safetensors s;
    struct err e;
    write_one(&e);
    struct buf file = bytes_of_file(path);
    memcpy(strstr(file.at + 8, "xxh3"), "none", 4); /* what no hash shows */
    bytes_to_file(path, file.at, file.len);
    tap_ok(!safetensors_open(&s, path, &e), "a file without a hash opens");
    const struct timespec then[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    utimensat(AT_FDCWD, path, then, 0);
    tap_ok(safetensors_load(&s, &e) == STATUS_DATA, "a file written to while it is read: %s",
           e.text);
    safetensors_close(&s);
    tap_ok(!safetensors_open(&s, path, &e) && !safetensors_load(&s, &e), "and loads");
    bytes_to_file(path, "", 0); /* in place */
    float read[6];
    tap_ok(!safetensors_read(&s, safetensors_find(&s, name_a), 0, read, sizeof read, &e) &&
               !memcmp(read, values, sizeof read),
           "once it is loaded, the file can become anything");
    safetensors_close(&s);
    buf_release(&file);
}

/* ---- what is broken is refused ---- */

static int opens(const void *bytes, size_t n, struct err *e)
{
    struct safetensors s;
    bytes_to_file(path, bytes, n);
    int status = safetensors_open(&s, path, e);
    if (!status)
        safetensors_close(&s);
    return status;
}

static void check_cuts(void)
{
    struct err e;
    write_one(&e);
    struct buf file = bytes_of_file(path);
    size_t wrong = 0;
    for (size_t n = 0; n < file.len; n++)
        wrong += opens(file.at, n, &e) != STATUS_DATA;
    tap_ok(file.len > 100 && wrong == 0, "cut after any of %zu bytes it is refused", file.len);
    buf_byte(&file, 0);
    tap_ok(opens(file.at, file.len, &e) == STATUS_DATA, "bytes behind the tensors are refused");
    buf_release(&file);
}

/* Any byte of the header changed: refused, or opened as something whole. */
static void check_flips(void)
{
    struct err e;
    struct random r = random_of(1, 2);
    write_one(&e);
    struct buf file = bytes_of_file(path);
    size_t wrong = 0, refused = 0;
    for (size_t i = 0; i < file.len; i++)
        for (int k = 0; k < 4; k++) {
            char was = file.at[i];
            file.at[i] = k ? (char)random_u32(&r) : (char)(was ^ 1 << (i % 8));
            int status = opens(file.at, file.len, &e);
            wrong += status != 0 && status != STATUS_DATA;
            refused += status != 0;
            file.at[i] = was;
        }
    tap_ok(wrong == 0 && refused > file.len, "with any byte changed it is read or refused");
    buf_release(&file);
}

/* A file with that header and so many bytes of tensors. */
static int opens_header(const char *header, size_t data, struct err *e)
{
    struct buf file = {0};
    size_t n = strlen(header);
    for (int i = 0; i < 8; i++)
        buf_byte(&file, (char)(n >> 8 * i));
    buf_append(&file, header, n);
    for (size_t i = 0; i < data; i++)
        buf_byte(&file, 1);
    int status = opens(file.at, file.len, e);
    buf_release(&file);
    return status;
}

#define TENSOR(name, type, shape, places)                                                          \
    "\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":" places "}"

static void check_headers(void)
{
    static const struct {
        const char *header;
        size_t data;
        const char *said; /* NULL: it is fine */
    } rows[] = {
        {"{}", 0, NULL},
        {" { } ", 0, NULL},
        {"{" TENSOR("w", "F32", "[2]", "[0,8]") "}", 8, NULL},
        {"{" TENSOR("w", "F32", "[]", "[0,4]") "}", 4, NULL},
        {"{" TENSOR("b", "U8", "[2]", "[4,6]") "," TENSOR("a", "F16", "[2]", "[0,4]") "}", 6, NULL},
        {"", 0, "header"},
        {"[]", 0, "header"},
        {"{}{}", 0, "header"},
        {"{\"w\":", 0, "w: expected an object"},
        {"{\"w\":{}}", 0, "w: expected a field"},
        {"{\"w\":{\"dtype\":\"F32\"}}", 0, "w: dtype, shape or data_offsets is missing"},
        {"{" TENSOR("w", "F33", "[2]", "[0,8]") "}", 8, "w: dtype"},
        {"{" TENSOR("w", "f32", "[2]", "[0,8]") "}", 8, "w: dtype"},
        {"{" TENSOR("w", "F32", "[-2]", "[0,8]") "}", 8, "w: shape"},
        {"{" TENSOR("w", "F32", "[2.0]", "[0,8]") "}", 8, "w: shape"},
        {"{" TENSOR("w", "F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]") "}", 8, "w: shape"},
        {"{" TENSOR("w", "F32", "[3]", "[0,8]") "}", 8, "w: data_offsets do not fit"},
        {"{" TENSOR("w", "F32", "[4294967296,4294967296]", "[0,0]") "}", 0,
         "w: data_offsets do not fit"},
        {"{" TENSOR("w", "F32", "[4611686018427387904]", "[0,0]") "}", 0,
         "w: data_offsets do not fit"},
        {"{" TENSOR("w", "F32", "[2]", "[8,0]") "}", 8, "w: data_offsets: the end"},
        {"{" TENSOR("w", "F32", "[2]", "[0,8,9]") "}", 8, "w: data_offsets: expected two"},
        {"{" TENSOR("w", "F32", "[2]", "[0,99999999999999999999]") "}", 8, "w: data_offsets"},
        {"{" TENSOR("w", "F32", "[3]", "[0,12]") "}", 8, "w: data_offsets reach beyond"},
        {"{" TENSOR("w", "F32", "[1]", "[4,8]") "}", 8, "w: data_offsets leave a hole"},
        {"{" TENSOR("v", "F32", "[2]", "[0,8]") "," TENSOR("w", "F32", "[2]", "[4,12]") "}", 12,
         "w: data_offsets overlap"},
        {"{" TENSOR("w", "F32", "[1]", "[0,4]") "," TENSOR("w", "F32", "[1]", "[4,8]") "}", 8,
         "w: appears twice"},
        {"{" TENSOR("w\\u0000x", "F32", "[1]", "[0,4]") "}", 4, "zero byte"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "__metadata__"},
        {"{\"__metadata__\":{\"a\":{}}}", 0, "__metadata__"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__"},
        {"{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4,
         "w: a field appears twice"},
        {"{\"w\":{\"dtype\":\"F32\",\"depth\":1,\"shape\":[],\"data_offsets\":[0,4]}}", 4,
         "w: a field other"},
        {"{" TENSOR("w", "F32", "[2]", "[0,8]") ",}", 8, "header"},
    };
    struct err e;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        e.text[0] = 0;
        int status = opens_header(rows[i].header, rows[i].data, &e);
        bool right = rows[i].said ? status == STATUS_DATA && strstr(e.text, rows[i].said) &&
                                        strstr(e.text, path)
                                  : status == 0;
        tap_ok(right, "%s: %s", rows[i].header, status ? e.text : "fine");
    }
}

/* Lengths and depths that are only claimed. */
static void check_bombs(void)
{
    struct err e;
    static const unsigned char long_header[16] = {255, 255, 255, 255, 255, 255, 255, 127, '{', '}'};
    tap_ok(opens(long_header, sizeof long_header, &e) == STATUS_DATA && strstr(e.text, "header"),
           "a header longer than the file is refused");
    struct buf deep = {0};
    buf_text(&deep, "{\"w\":");
    for (int i = 0; i < 1000000; i++)
        buf_byte(&deep, i % 2 ? '{' : '[');
    buf_byte(&deep, 0);
    tap_ok(opens_header(deep.at, 0, &e) == STATUS_DATA,
           "a header nested a million deep is refused");
    buf_release(&deep);
}

/* ---- JSON ---- */

static void check_strings(void)
{
    static const struct {
        const char *text;
        const char *value; /* NULL: none */
    } rows[] = {
        {"\"\"", ""},
        {" \t\n\"a\\n\\t\\/\\\\\\\"\\b\\f\\r\"", "a\n\t/\\\"\b\f\r"},
        {"\"\\u0041\\u00e9\\u20aC\"", "A\xc3\xa9\xe2\x82\xac"},
        {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
        {"\"x\\udcff\"", "x\xff"},
        {"\"\\ud83d\"", NULL},
        {"\"\\ud83dx\"", NULL},
        {"\"\\ud83d\\u0041\"", NULL},
        {"\"\\ude00\"", NULL},
        {"\"\\x\"", NULL},
        {"\"\\u12g4\"", NULL},
        {"\"\\u12", NULL},
        {"\"\\", NULL},
        {"\"a", NULL},
        {"\"a\nb\"", NULL},
        {"a", NULL},
        {"", NULL},
    };
    struct buf to = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_in in = json_in_of(bytes_of(rows[i].text));
        bool got = json_string(&in, &to);
        tap_ok(rows[i].value ? got && json_done(&in) && to.len == strlen(rows[i].value) &&
                                   !memcmp(to.at ? to.at : "", rows[i].value, to.len)
                             : !got,
               "JSON string %zu", i);
    }
    buf_release(&to);
}

int main(void)
{
    struct err e;
    struct safetensors s;
    check_round_trip();
    check_hash();
    check_changes();
    check_cuts();
    check_flips();
    check_headers();
    check_bombs();
    check_strings();
    unlink(path);
    tap_ok(safetensors_open(&s, path, &e) == STATUS_NOINPUT, "no such file");
    tap_ok(safetensors_open(&s, "/dev/null", &e) == STATUS_DATA, "not a regular file");
    tap_ok(safetensors_write(".", NULL, 0, NULL, 0, &e) == STATUS_CANTCREATE,
           "what is no file is not written");
    return tap_done();
}
