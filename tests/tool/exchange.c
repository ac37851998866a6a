/* exchange SEED <sessions >sessions: takes each user's history away.
 *
 * The events of all training sessions are dealt out anew among the training sessions, and those of
 * the test sessions among the test sessions; who had a session, when, and in which part stays.  So
 * what follows what inside a session, how often each item comes, and how many sessions everybody
 * has are as before: only what one session of a user tells about another is gone. */
#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/random.h"
#include "cli/cli.h"
#include "stream/record.h"
#include "stream/output.h"

struct kept {
    int32_t user;
    enum part part;
    int64_t start;
    size_t first, count; /* its events in `items` */
};

static VEC(struct kept) sessions;
static i32_vec items;
static struct err err;

static void must(int status)
{
    if (status) {
        fprintf(stderr, "exchange: %s\n", err.text);
        exit(status);
    }
}

static void keep(const struct session *s)
{
    struct kept k = {s->user, s->part, s->times[0], items.len, s->count};
    vec_append(&items, s->items, s->count);
    vec_push(&sessions, k);
}

/* Shuffles the contents (Fisher, Yates) of the sessions of one part. */
static void shuffle(enum part part, uint64_t seed)
{
    struct random random = random_of(seed, part);
    VEC(size_t) of_part = {0};
    for (size_t i = 0; i < sessions.len; i++)
        if (sessions.at[i].part == part)
            vec_push(&of_part, i);
    for (size_t i = of_part.len; i > 1; i--) {
        struct kept *a = &sessions.at[of_part.at[i - 1]];
        struct kept *b = &sessions.at[of_part.at[random_below(&random, (uint32_t)i)]];
        size_t first = a->first, count = a->count;
        a->first = b->first, a->count = b->count;
        b->first = first, b->count = count;
    }
    vec_release(&of_part);
}

static void write_kept(struct frame_out *out, const struct kept *k)
{
    int64_t *times = mem_zero(k->count, sizeof *times);
    for (size_t i = 0; i < k->count; i++)
        times[i] = k->start;
    struct session s = {.user = k->user,
                        .part = k->part,
                        .count = k->count,
                        .times = times,
                        .items = items.at + k->first};
    must(write_session(out, &s, &err));
    mem_free(times);
}

int main(int argc, char **argv)
{
    struct sessions_in *in;
    struct sessions_record r;
    struct output stage = {0};
    int64_t seed = 1;
    enum read_result got;
    if (argc > 1)
        num_i64(argv[1], strlen(argv[1]), &seed);
    must(sessions_in_open(&in, NULL, 0, &err));
    must(output_open(&stage, NULL, false, sessions_in_meta(in), "exchange", "0",
                     (struct bytes){"\x80", 1}, &err));
    while ((got = sessions_in_next(in, &r, &err)) == READ_RECORD) {
        if (r.kind == RECORD_USER)
            must(write_user(&stage.out, r.named.id, r.named.name, r.named.attributes, &err));
        else if (r.kind == RECORD_ITEM)
            must(write_item(&stage.out, r.named.id, r.named.name, r.named.attributes, &err));
        else
            keep(&r.session);
    }
    if (got == READ_ERROR)
        must(err.status);
    for (int part = PART_NONE; part <= PART_TEST; part++)
        shuffle((enum part)part, (uint64_t)seed);
    for (size_t i = 0; i < sessions.len; i++)
        write_kept(&stage.out, &sessions.at[i]);
    must(output_finish(&stage, &err));
    sessions_in_close(in);
    vec_release(&sessions);
    vec_release(&items);
    return 0;
}
