/* State in files: what a list writes it restores; whatever is changed in the file is refused, with
 * its field. */
#include "nn/state.h"

#include <stdlib.h>
#include <unistd.h>

#include "nn/cpu.h"
#include "../files.h"
#include "../tap.h"

static const char path[] = "state", other_path[] = "state.changed";

/* One of each kind. */
struct thing {
    int64_t number;
    int32_t small;
    bool flag;
    double real;
    i32_vec ints;
    i64_vec longs;
    f32_vec floats;
    struct buf bytes;
    struct device *device;
    float *matrix; /* [3, 5], of the device */
    int32_t last[4];
    int64_t rows;        /* what the list says that the matrix has */
    bool more, less;     /* the list has one array more, one less */
    const char *kind;    /* of `longs`: another makes it I32 */
    int lists, restored; /* how often the list was run; whether it came to its end in good state */
};

static void thing_state(void *of, struct state *s)
{
    struct thing *t = of;
    t->lists++;
    state_begin(s, "thing");
    state_i64(s, "number", &t->number, -10, 1LL << 60);
    state_begin(s, "inner");
    state_i32(s, "small", &t->small, 0, 9);
    state_end(s);
    state_flag(s, "flag", &t->flag);
    if (!t->less)
        state_f64(s, "real", &t->real);
    state_bytes(s, "bytes", &t->bytes);
    state_i32s(s, "ints", &t->ints, 0, 100);
    if (t->kind)
        state_i32s(s, "longs", &t->ints, 0, 100);
    else
        state_i64s(s, "longs", &t->longs, 0, INT64_MAX);
    state_end(s);
    state_f32s(s, "floats", &t->floats);
    state_floats(s, "matrix", 2, (const int64_t[]){t->rows, 5}, t->device, t->matrix);
    state_ints(s, "last", 4, NULL, t->last);
    if (t->more)
        state_i32(s, "more", &t->small, 0, 9);
    t->restored = state_restoring(s) && state_good(s);
}

static struct thing empty(struct device *d)
{
    struct thing t = {.device = d, .rows = 3};
    t.matrix = d->op->alloc(d, 15 * sizeof(float));
    d->op->fill(d, t.matrix, 0, 15);
    return t;
}

static struct thing full(struct device *d)
{
    struct thing t = empty(d);
    float matrix[15];
    t.number = (1LL << 55) + 1;
    t.small = 7;
    t.flag = true;
    t.real = 1.0 / 3;
    for (int i = 0; i < 11; i++) {
        vec_push(&t.ints, i * 9);
        vec_push(&t.longs, (int64_t)i << 40);
    }
    for (int i = 0; i < 15; i++)
        matrix[i] = (float)i / 7;
    d->op->upload(d, t.matrix, matrix, sizeof matrix);
    buf_text(&t.bytes, "seven b");
    for (int i = 0; i < 4; i++)
        t.last[i] = 100 + i;
    return t;
}

static void release(struct thing *t)
{
    t->device->op->release(t->device, t->matrix);
    vec_release(&t->ints);
    vec_release(&t->longs);
    vec_release(&t->floats);
    buf_release(&t->bytes);
}

static bool same(const struct thing *a, const struct thing *b)
{
    float x[15], y[15];
    a->device->op->download(a->device, x, a->matrix, sizeof x);
    b->device->op->download(b->device, y, b->matrix, sizeof y);
    return a->number == b->number && a->small == b->small && a->flag == b->flag &&
           memcmp(&a->real, &b->real, sizeof a->real) == 0 && a->ints.len == b->ints.len &&
           !memcmp(a->ints.at, b->ints.at, a->ints.len * sizeof *a->ints.at) &&
           a->longs.len == b->longs.len &&
           !memcmp(a->longs.at, b->longs.at, a->longs.len * sizeof *a->longs.at) &&
           a->floats.len == b->floats.len && a->bytes.len == b->bytes.len &&
           !memcmp(a->bytes.at, b->bytes.at, a->bytes.len) && !memcmp(x, y, sizeof x) &&
           !memcmp(a->last, b->last, sizeof a->last);
}

/* ---- files ---- */

static void stop(const char *why)
{
    printf("Bail out! %s\n", why);
    exit(1);
}

static void write_thing(struct thing *t)
{
    static char key[] = "format", text[] = "a thing";
    struct safetensors_text one = {key, {text, sizeof text - 1, 0}};
    struct output_file sink;
    struct err e;
    if (output_file_open(&sink, path, &e) || state_write(&sink, &one, 1, thing_state, t, &e) ||
        output_file_commit(&sink, &e))
        stop(e.text);
}

static int read_thing(const char *name, struct thing *t, struct err *e)
{
    struct safetensors file;
    *e = (struct err){0};
    if (safetensors_open(&file, name, e))
        return e->status;
    int status = state_read(&file, thing_state, t, e);
    safetensors_close(&file);
    return status;
}

/* ---- checks ---- */

static void check_round_trip(struct device *d)
{
    struct thing written = full(d), read = empty(d);
    struct err e;
    struct safetensors file;
    write_thing(&written);
    vec_push(&read.ints, 5); /* what was there before is replaced */
    buf_text(&read.bytes, "something longer than what comes");
    tap_ok(!read_thing(path, &read, &e) && same(&written, &read), "what is written is restored");
    tap_ok(written.lists == 2 && !written.restored && read.lists == 1 && read.restored,
           "the list runs twice to write and once to restore");
    bool aligned = !safetensors_open(&file, path, &e);
    for (size_t i = 0; aligned && i < file.entries.len; i++) {
        const struct safetensors_entry *entry = &file.entries.at[i];
        size_t size = !strcmp(entry->type, "U8") ? 1 : entry->type[1] == '6' ? 8 : 4;
        aligned = (file.data + entry->begin) % size == 0;
    }
    tap_ok(aligned && safetensors_find(&file, "thing.inner.small") &&
               safetensors_find(&file, "matrix") && file.texts.len == 1,
           "every element is aligned, names are joined by points");
    safetensors_close(&file);
    release(&written);
    release(&read);
}

/* What the list of another run makes of the file. */
static void check_lists(struct device *d)
{
    static const struct {
        const char *what, *text;
    } rows[] = {
        {"an array more", "more: is missing"},
        {"an array less", "thing.real: this run has no such state"},
        {"another shape", "matrix: has another shape"},
        {"another type", "thing.longs: is of another type"},
    };
    for (int i = 0; i < 4; i++) {
        struct thing t = empty(d);
        struct err e;
        t.more = i == 0;
        t.less = i == 1;
        t.rows = i == 2 ? 5 : 3;
        t.kind = i == 3 ? "I32" : NULL;
        int status = read_thing(path, &t, &e);
        tap_ok(status == STATUS_DATA && strstr(e.text, rows[i].text), "%s: %s", rows[i].what,
               e.text);
        release(&t);
    }
}

/* Numbers beyond their bounds, with everything else in order. */
static void check_bounds(struct device *d)
{
    struct thing t = full(d), read = empty(d);
    struct err e;
    t.small = 12;
    write_thing(&t);
    int status = read_thing(path, &read, &e);
    tap_ok(status == STATUS_DATA && strstr(e.text, "thing.inner.small: 12 is not from 0 to 9"),
           "a number out of bounds: %s", e.text);
    tap_ok(read.small == 0 && !read.flag && !read.ints.len && !read.restored,
           "nothing behind the failure is set");
    t.small = 3;
    t.ints.at[10] = 101;
    write_thing(&t);
    status = read_thing(path, &read, &e);
    tap_ok(status == STATUS_DATA && strstr(e.text, "thing.ints: 101 is not from 0 to 100"),
           "an element out of bounds: %s", e.text);
    t.ints.at[10] = 1;
    t.real = strtod("nan", NULL);
    write_thing(&t);
    status = read_thing(path, &read, &e);
    tap_ok(status == STATUS_DATA && strstr(e.text, "thing.real: is no number"), "no number: %s",
           e.text);
    release(&t);
    release(&read);
}

/* Every cut, and every byte changed: refused, unless the byte is one of the texts. */
static void check_changes(struct device *d)
{
    struct thing written = full(d);
    struct err e;
    write_thing(&written);
    struct buf file = bytes_of_file(path);
    int accepted = 0, unlike = 0;
    for (size_t n = 0; n < file.len; n++) {
        struct thing t = empty(d);
        bytes_to_file(other_path, file.at, n);
        accepted += read_thing(other_path, &t, &e) != STATUS_DATA;
        release(&t);
    }
    tap_ok(!accepted && file.len > 500, "each of %zu cuts is refused", file.len);
    accepted = 0;
    for (size_t i = 0; i < file.len; i++) {
        struct thing t = empty(d);
        file.at[i] ^= 1;
        bytes_to_file(other_path, file.at, file.len);
        if (!read_thing(other_path, &t, &e)) {
            accepted++;
            unlike += !same(&written, &t);
        }
        file.at[i] ^= 1;
        release(&t);
    }
    tap_ok(accepted < 30 && !unlike, "a changed byte is refused, or nothing came of it (%d)",
           accepted);
    buf_release(&file);
    release(&written);
}

static void check_full_disk(struct device *d)
{
    struct thing t = full(d);
    struct output_file sink = {.fd = -1};
    struct err e;
    int status = state_write(&sink, NULL, 0, thing_state, &t, &e);
    tap_ok(status == STATUS_IO, "where nothing can be written: %s", e.text);
    release(&t);
}

int main(void)
{
    struct device *d = cpu_open(&(struct device_options){.threads = 1});
    check_round_trip(d);
    check_lists(d);
    check_bounds(d);
    check_changes(d);
    check_full_disk(d);
    unlink(path);
    unlink(other_path);
    cpu_close(d);
    return tap_done();
}
