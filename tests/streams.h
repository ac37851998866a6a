/* Small streams of every kind, written by the library, for the tests of the stream. */
#ifndef TESTS_STREAMS_H
#define TESTS_STREAMS_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/time.h"
#include "stream/any.h"
#include "stream/output.h"

#include "notation.h"

/* A file that has no name, in memory where there is such a place. */
static inline FILE *stream_temporary(void)
{
    static int count;
    char name[64];
    snprintf(name, sizeof name, "/sesspipe-test-%ld-%d", (long)getpid(), count++);
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd >= 0)
        shm_unlink(name);
    FILE *file = fd >= 0 ? fdopen(fd, "w+") : tmpfile();
    if (!file) {
        perror("temporary file");
        exit(1);
    }
    return file;
}

/* Writes bytes to such a file; gives the path under which it can be opened, until the next call. */
static inline const char *stream_file(const void *bytes, size_t n)
{
    static FILE *file;
    static char path[64];
    if (file)
        fclose(file);
    file = stream_temporary();
    if (fwrite(bytes, 1, n, file) != n || fflush(file)) {
        perror("temporary file");
        exit(1);
    }
    snprintf(path, sizeof path, "/dev/fd/%d", fileno(file));
    return path;
}

/* What was written to the file behind a sink. */
static inline void stream_bytes(FILE *file, struct buf *to)
{
    char chunk[4096];
    rewind(file);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0;)
        buf_append(to, chunk, n);
    fclose(file);
}

static inline void must(int status, const struct err *e)
{
    if (!status)
        return;
    printf("Bail out! %s\n", e->text);
    exit(1);
}

#define COLUMN_OF(...)                                                                             \
    {                                                                                              \
        (__VA_ARGS__), sizeof(__VA_ARGS__) / sizeof *(__VA_ARGS__)                                 \
    }

/* What there is a small stream of: each kind, and batches that are parallel mini-batches. */
enum { SAMPLE_PARALLEL = STREAM_PREDICTIONS + 1, SAMPLE_COUNT };
static const char *const sample_name[SAMPLE_COUNT] = {"sessions", "batches", "predictions",
                                                      "parallel"};

static inline void stream_meta(struct meta *m, int sample)
{
    static const int64_t edges[] = {3600, 7200, 10800};
    enum stream_kind kind = sample == SAMPLE_PARALLEL ? STREAM_BATCHES : (enum stream_kind)sample;
    *m = (struct meta){.kind = kind};
    meta_add_program(m, "maker", "1", (struct bytes){0});
    meta_set_i64s(m, "delta_edges", edges, 3);
    meta_set_int(m, "week_shift", 0);
    if (kind == STREAM_BATCHES) {
        meta_set_bool(m, "keeps_order", 1);
        meta_set_int(m, "history", 2);
    }
    if (sample == SAMPLE_PARALLEL)
        meta_set_int(m, "slots", 2);
}

/* Users named u0, u1, ... and items i0, i1, ...; the first of each is not UTF-8. */
static inline void stream_names(struct frame_out *out, int users, int items, struct err *e)
{
    /* {"country": "Norway"} */
    struct attributes a = {bytes_of("\x81\xa7"
                                    "country\xa6Norway")};
    struct attributes none = {{0}};
    char name[32];
    for (int i = 0; i < users + items; i++) {
        int id = i < users ? i : i - users;
        snprintf(name, sizeof name, id ? "%s%d" : "%s\xff%d", i < users ? "u" : "i", id);
        must(i < users ? write_user(out, id, bytes_of(name), id ? none : a, e)
                       : write_item(out, id, bytes_of(name), none, e),
             e);
    }
    must(frame_out_pause(out, e), e);
}

static inline void sessions_records(struct frame_out *out, struct err *e)
{
    static int32_t action[] = {1, 0};
    static float dwell[] = {0.5f, 2};
    const struct extra extras[] = {
        {.key = bytes_of("action"), .type = COLUMN_I32, .column = {action, 2}},
        {.key = bytes_of("dwell"), .type = COLUMN_F32, .column = {dwell, 2}},
        {.key = bytes_of("week"), .value = 167},
    };
    const struct session sessions[] = {
        {0, PART_TRAIN, 3, (int64_t[]){0, 10, 10}, (int32_t[]){0, 1, 0}, NULL, 0},
        {0, PART_TEST, 2, (int64_t[]){5000, TIME_LIMIT - 1}, (int32_t[]){2, 1}, extras, 3},
        {1, PART_VALIDATION, 2, (int64_t[]){100, 101}, (int32_t[]){1, 3}, NULL, 0},
    };
    stream_names(out, 2, 4, e);
    for (size_t i = 0; i < 3; i++) {
        must(write_session(out, &sessions[i], e), e);
        must(frame_out_pause(out, e), e);
    }
}

/* Sessions 0 and 1 of user 0 and 3 of user 1 are for training, 2 and 4 for the test. */
static inline void numbered_sessions(struct frame_out *out, struct err *e)
{
    static float dwell[] = {0.5f, 2};
    const struct extra extras[] = {
        {.key = bytes_of("dwell"), .type = COLUMN_F32, .column = {dwell, 2}},
        {.key = bytes_of("week"), .value = 0},
    };
    const struct session sessions[] = {
        {0, PART_TRAIN, 3, (int64_t[]){0, 10, 10}, (int32_t[]){0, 1, 0}, NULL, 0},
        {0, PART_TRAIN, 2, (int64_t[]){5000, 5001}, (int32_t[]){2, 1}, extras, 2},
        {0, PART_TEST, 2, (int64_t[]){9000, TIME_LIMIT - 1}, (int32_t[]){1, 2}, NULL, 0},
        {1, PART_TRAIN, 4, (int64_t[]){50, 51, 52, 53}, (int32_t[]){0, 1, 2, 0}, NULL, 0},
        {1, PART_TEST, 2, (int64_t[]){53, 54}, (int32_t[]){2, 0}, NULL, 0},
    };
    stream_names(out, 2, 3, e);
    for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++)
        must(write_session(out, &sessions[i], e), e);
    must(frame_out_pause(out, e), e);
}

static inline void test_pass(struct frame_out *out, int64_t epoch, struct err *e)
{
    must(write_epoch(out, (struct epoch){epoch, PART_TEST}, e), e);
    must(epoch == 1 ? write_batch(out, (int32_t[]){2, 4}, 2, 1, e) : write_again(out, 1, e), e);
    must(frame_out_pause(out, e), e);
}

static inline void batches_records(struct frame_out *out, struct err *e)
{
    numbered_sessions(out, e);
    must(write_epoch(out, (struct epoch){1, PART_TRAIN}, e), e);
    must(write_batch(out, (int32_t[]){0, 3}, 2, 1, e), e);
    must(write_batch(out, (int32_t[]){1}, 1, 0, e), e);
    test_pass(out, 1, e);
    must(write_epoch(out, (struct epoch){2, PART_TRAIN}, e), e);
    must(write_again(out, 1, e), e);
    test_pass(out, 2, e);
}

static inline void parallel_records(struct frame_out *out, struct err *e)
{
    numbered_sessions(out, e);
    must(write_epoch(out, (struct epoch){1, PART_TRAIN}, e), e);
    must(write_parallel(out, (int32_t[]){0, 1}, (int32_t[]){0, 3}, 2, e), e);
    must(write_parallel(out, (int32_t[]){0}, (int32_t[]){1}, 1, e), e);
    test_pass(out, 1, e);
    must(write_epoch(out, (struct epoch){2, PART_TRAIN}, e), e);
    must(write_parallel(out, (int32_t[]){0, 1, 1}, (int32_t[]){3, 0, 1}, 3, e), e);
    test_pass(out, 2, e);
}

static inline void attention_records(struct frame_out *out, struct err *e)
{
    struct attention a = {
        .model = bytes_of("ii-rnn"),
        .level = bytes_of("inter"),
        .user = 1,
        .session = 4,
        .position = -1,
        .weight = COLUMN_OF((float[]){0.25f, 0.75f}),
        .length = COLUMN_OF((int32_t[]){2, 1}),
        .item = COLUMN_OF((int32_t[]){0, 1, 2}),
        .delta = COLUMN_OF((int32_t[]){3, 0}),
        .week = COLUMN_OF((int32_t[]){168, 0}),
        .start = COLUMN_OF((int64_t[]){0, 7}),
    };
    must(write_attention(out, &a, e), e);
    a.level = bytes_of("intra");
    a.weight = (struct column)COLUMN_OF((float[]){0.25f, 0.75f, 1, 0});
    a.target = (struct column)COLUMN_OF((int32_t[]){0, 2});
    a.top = a.target;
    must(write_attention(out, &a, e), e);
    a = (struct attention){.model = bytes_of("narm"),
                           .level = bytes_of("item"),
                           .weight = COLUMN_OF((float[]){-1, 2}),
                           .item = COLUMN_OF((int32_t[]){2, 0})};
    must(write_attention(out, &a, e), e);
}

static inline void predictions_records(struct frame_out *out, struct err *e)
{
    const struct ranks ranks = {
        .user = COLUMN_OF((int32_t[]){0, 1}),
        .session = COLUMN_OF((int32_t[]){2, 0}),
        .position = COLUMN_OF((int32_t[]){0, 1}),
        .target = COLUMN_OF((int32_t[]){2, 0}),
        .rank = COLUMN_OF((int32_t[]){1, 3}),
        .ties = COLUMN_OF((int32_t[]){0, 1}),
        .history = COLUMN_OF((int32_t[]){2, 0}),
        .length = COLUMN_OF((int32_t[]){2, 3}),
        .loss = COLUMN_OF((float[]){0.5f, 7.25f}),
    };
    const struct tops tops = {
        .user = COLUMN_OF((int32_t[]){0}),
        .session = COLUMN_OF((int32_t[]){2}),
        .position = COLUMN_OF((int32_t[]){0}),
        .k = 2,
        .item = COLUMN_OF((int32_t[]){2, 1}),
        .score = COLUMN_OF((float[]){1.5f, -0.25f}),
    };
    const struct epoch train = {1, PART_TRAIN}, test = {1, PART_TEST};
    stream_names(out, 2, 3, e);
    must(write_epoch(out, train, e), e);
    must(write_pass(out, &(struct pass){train, 1.5, 5, 1}, e), e);
    must(write_epoch(out, test, e), e);
    must(write_ranks(out, &ranks, e), e);
    must(frame_out_pause(out, e), e);
    must(write_tops(out, &tops, e), e);
    attention_records(out, e);
    must(write_pass(out, &(struct pass){test, 3.875, 2, 0}, e), e);
}

/* A stream with the header around what `records` packs; `flush`: in several blocks. */
static inline void stream_with(const struct meta *m, bool flush,
                               void (*records)(struct frame_out *, const void *, struct err *),
                               const void *context, struct buf *to)
{
    struct err e;
    FILE *file = stream_temporary();
    struct output_file sink = {.fd = fileno(file)};
    struct frame_out out;
    must(frame_out_open(&out, &sink, m, flush, &e), &e);
    records(&out, context, &e);
    must(frame_out_end(&out, &e), &e);
    frame_out_release(&out);
    stream_bytes(file, to);
}

/* The same with the sample's header. */
static inline void stream_of(int sample, bool flush,
                             void (*records)(struct frame_out *, const void *, struct err *),
                             const void *context, struct buf *to)
{
    struct meta m;
    stream_meta(&m, sample);
    stream_with(&m, flush, records, context, to);
    meta_release(&m);
}

/* Records in the notation of notation.h, whatever they are. */
static inline void notated_records(struct frame_out *out, const void *text, struct err *e)
{
    for (const char *s = notation_blank(text); *s; s = notation_blank(s)) {
        frame_out_record(out);
        s = notation_value(s, &out->block);
        must(frame_out_commit(out, e), e);
    }
}

static inline void kind_records(struct frame_out *out, const void *context, struct err *e)
{
    const int *sample = context;
    if (*sample == STREAM_SESSIONS)
        sessions_records(out, e);
    else if (*sample == STREAM_BATCHES)
        batches_records(out, e);
    else if (*sample == SAMPLE_PARALLEL)
        parallel_records(out, e);
    else
        predictions_records(out, e);
}

/* The small stream with all its records. */
static inline void stream_make(int sample, bool flush, struct buf *to)
{
    stream_of(sample, flush, kind_records, &sample, to);
}

/* Reads a stream by its kind's rules to its end; 0 or the status. */
static inline int stream_check(const void *bytes, size_t n, struct err *e)
{
    const char *path = stream_file(bytes, n);
    struct any_in in;
    union any_record r;
    enum read_result result;
    *e = (struct err){0};
    if (any_in_open(&in, &path, 1, e))
        return e->status;
    while ((result = any_in_next(&in, &r, e)) > READ_END)
        ;
    any_in_close(&in);
    return result == READ_END ? 0 : e->status;
}

#endif
