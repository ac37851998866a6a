/* lib/base/spill: the bytes that were appended, in memory, in a file, and in one that takes over in
 * the middle, by their own number and by what the program holds; a file that cannot be made,
 * written or mapped. */
#include "base/spill.h"

#include <signal.h>
#include <sys/resource.h>

#include "base/random.h"

#include "../limit_memory.h"
#include "../tap.h"

enum { MEGABYTE = 1 << 20 };

/* Appends `bytes` in pieces of random lengths. */
static int append_pieces(struct spill *s, const char *bytes, size_t n, uint32_t most,
                         struct random *random, struct err *e)
{
    int status = 0;
    for (size_t at = 0; at < n && !status;) {
        size_t piece = random_below(random, most);
        piece = piece < n - at ? piece : n - at;
        status = spill_append(s, bytes + at, piece, e);
        at += piece;
    }
    return status;
}

static bool holds(const struct spill *s, const char *bytes, size_t n)
{
    return s->len == n && (!n || !memcmp(s->at, bytes, n)) &&
           s->filed == (s->limit && n > s->limit);
}

/* Filled twice by turns: as many bytes as given, then half of them. */
static void filled(const char *bytes, size_t n, size_t limit, uint32_t most)
{
    struct random random = random_of(n, limit);
    struct spill s = {.limit = limit};
    struct err e = {0};
    bool good = true;
    for (int i = 0; i < 4; i++) {
        size_t fill = i % 2 ? n / 2 : n;
        good = good && !append_pieces(&s, bytes, fill, most, &random, &e) && !spill_end(&s, &e) &&
               holds(&s, bytes, fill);
        spill_clear(&s);
        good = good && s.len == 0 && s.limit == limit && !s.filed;
    }
    tap_ok(good, "%zu bytes with a limit of %zu%s%s", n, limit, e.status ? ": " : "",
           e.status ? e.text : "");
    spill_release(&s);
}

/* What was appended can be read before all of it was: where it is in memory, in the file, or in
 * both. */
static void read_early(const char *bytes, size_t n, size_t limit)
{
    struct random random = random_of(n, limit + 1);
    struct spill s = {.limit = limit};
    struct err e = {0};
    char *got = mem_alloc(n);
    bool good = true;
    for (size_t at = 0, piece; at < n && good; at += piece) {
        piece = 1 + random_below(&random, 300000);
        piece = piece < n - at ? piece : n - at;
        good = !spill_append(&s, bytes + at, piece, &e);
        size_t from = random_below(&random, (uint32_t)(at + piece)), count = at + piece - from;
        good = good && !spill_read(&s, from, count, got, &e) && !memcmp(got, bytes + from, count);
    }
    good = good && !spill_end(&s, &e) && !spill_read(&s, 0, n, got, &e) && !memcmp(got, bytes, n);
    tap_ok(good, "read while it grows, with a limit of %zu%s%s", limit, e.status ? ": " : "",
           e.status ? e.text : "");
    mem_free(got);
    spill_release(&s);
}

/* By what the program holds: while it is filled, and when it is complete. */
static void within(const char *bytes, size_t n)
{
    struct spill early = {.within = mem_held() + n / 2}, late = {.within = mem_held() + 4 * n};
    struct err e = {0};
    bool good = !spill_append(&early, bytes, n / 4, &e) && !early.filed &&
                !spill_append(&early, bytes + n / 4, n - n / 4, &e) && early.filed &&
                !spill_end(&early, &e) && !memcmp(early.at, bytes, n);
    tap_ok(good && early.len == n, "what goes beyond what the program may hold is in the file");
    size_t before = mem_held();
    good = !spill_append(&late, bytes, n, &e) && !spill_end(&late, &e) && !late.filed;
    late.within = mem_held() - 1;
    good = good && !spill_end(&late, &e) && late.filed && mem_held() < before + n / 2 &&
           !memcmp(late.at, bytes, n);
    tap_ok(good && !spill_end(&late, &e), "so is what was complete when it became too much");
    spill_forget(&late);
    tap_ok(!memcmp(late.at, bytes, n), "what was forgotten is read from the file");
    spill_clear(&late);
    tap_ok(!late.len && !late.filed && late.within, "it is emptied, with the same limit");
    spill_release(&early);
    spill_release(&late);
}

static void failing(const char *bytes)
{
    struct spill s = {.limit = 10};
    struct err e;
    int status;
    setenv("TMPDIR", "no-such-folder", 1);
    tap_ok(spill_append(&s, bytes, 11, &e) == STATUS_CANTCREATE && strstr(e.text, "no-such-folder"),
           "no folder for the file: %s", e.text);
    spill_release(&s);
    s = (struct spill){.within = SIZE_MAX};
    status = spill_append(&s, bytes, 11, &e) || spill_end(&s, &e) ? -1 : 0;
    s.within = 1;
    tap_ok(!status && spill_end(&s, &e) == STATUS_CANTCREATE, "nor for what is complete");
    spill_release(&s);
    s = (struct spill){.limit = 10};
    setenv("TMPDIR", "", 1);
    tap_ok(!spill_append(&s, bytes, 11, &e) && !spill_end(&s, &e) && !memcmp(s.at, bytes, 11),
           "an empty name of the folder is none");
    char got[11];
    tap_ok(!ftruncate(s.file.fd, 5) && spill_read(&s, 0, 11, got, &e) == STATUS_IO,
           "a file that has lost its end: %s", e.text);
    spill_release(&s);
    unsetenv("TMPDIR");
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){5, before.rlim_max});
    s = (struct spill){.limit = 10};
    status = spill_append(&s, bytes, 11, &e);
    spill_release(&s);
    s = (struct spill){.limit = 1};
    int late = spill_append(&s, bytes, 5, &e) ? -1 : spill_append(&s, bytes, 5, &e);
    int later = late ? -1 : spill_end(&s, &e);
    spill_release(&s);
    setrlimit(RLIMIT_FSIZE, &before);
    tap_ok(status == STATUS_IO, "a file that cannot be written: %s", e.text);
    tap_ok(late == 0 && later == STATUS_IO, "what waits is written at the end, or is an error");
}

/* A file of 80 MB where 16 MB of addresses are left. */
static void unmapped(void)
{
    struct spill s = {.limit = 1};
    struct err e = {0};
    char *bytes = mem_zero(MEGABYTE, 1);
    int status = 0;
    for (int i = 0; i < 80 && !status; i++)
        status = spill_append(&s, bytes, MEGABYTE, &e);
    mem_free(bytes);
    if (limit_memory(16 << 20))
        tap_ok(!status && spill_end(&s, &e) == STATUS_MEMORY && !s.at && strstr(e.text, "map"),
               "a file that cannot be mapped: %s", e.text);
    spill_release(&s);
}

int main(void)
{
    static const size_t sizes[] = {0, 1, 11, 4096, 5000}, limits[] = {0, 1, 10, 11, 4096};
    struct random random = random_of(1, 1);
    char *bytes = mem_alloc(4 * MEGABYTE);
    for (size_t i = 0; i < 4 * MEGABYTE; i++)
        bytes[i] = (char)random_u32(&random);
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 5; k++)
            filled(bytes, sizes[i], limits[k], 50);
    filled(bytes, 4 * MEGABYTE, 0, 200000);
    filled(bytes, 4 * MEGABYTE, 100, 200000);
    filled(bytes, 4 * MEGABYTE, 3 * MEGABYTE, 3 * MEGABYTE);
    read_early(bytes, 4 * MEGABYTE, 0);
    read_early(bytes, 4 * MEGABYTE, 100000);
    read_early(bytes, 4 * MEGABYTE, 3 * MEGABYTE);
    within(bytes, 4 * MEGABYTE);
    failing(bytes);
    mem_free(bytes);
    unmapped();
    return tap_done();
}
