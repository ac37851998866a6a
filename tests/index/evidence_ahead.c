/* Evidence that a thread makes ahead of its use is that which is made when it is wanted, whatever
 * was asked for. */
#include "index/evidence_ahead.h"

#include <omp.h>

#include "../tap.h"
#include "log.h"

enum { BATCH = 7, ROUNDS = 60 };

static struct session_store store;
static struct session_index sessions;

static struct evidence_maker maker_of(int threads)
{
    return (struct evidence_maker){
        .index = &sessions, .store = &store, .postings = 50, .threads = threads};
}

static void pick(struct random *r, int32_t picked[BATCH])
{
    for (int i = 0; i < BATCH; i++)
        picked[i] = log_draw(r, LOG_SESSIONS);
}

static bool same(const struct evidence *x, const struct evidence *y)
{
    size_t n = (size_t)y->candidates, positions = (size_t)y->positions;
    return x->positions == y->positions && x->candidates == y->candidates &&
           !memcmp(x->start, y->start, (positions + 1) * sizeof *x->start) &&
           !memcmp(x->item, y->item, n * sizeof *x->item) &&
           !memcmp(x->feature, y->feature, n * EVIDENCE_FEATURES * sizeof(float)) &&
           !memcmp(x->context, y->context, positions * EVIDENCE_CONTEXT * sizeof(float));
}

/* Of each four batches one is not asked for, and for another one something else is.  What was taken
 * stays as it is while the next is made. */
static void check_ahead(int threads)
{
    struct evidence_maker now = maker_of(1), one = maker_of(threads), other = maker_of(threads);
    struct evidence_ahead ahead = {0};
    struct random r = random_of(3, (uint64_t)threads);
    int32_t next[BATCH], wrong = 0;
    pick(&r, next);
    for (int round = 0; round < ROUNDS; round++) {
        struct evidence_maker *maker = round % 5 ? &one : &other;
        int32_t picked[BATCH];
        bool ended = round % 3;
        memcpy(picked, next, sizeof picked);
        struct evidence got = evidence_ahead_take(&ahead, maker, picked, BATCH, ended);
        pick(&r, next);
        struct evidence_maker *asked = (round + 1) % 5 ? &one : &other;
        if (round % 4 == 1)
            evidence_ahead_ask(&ahead, asked, next, BATCH - 1, (round + 1) % 3);
        else if (round % 4)
            evidence_ahead_ask(&ahead, asked, next, BATCH, (round + 1) % 3);
        struct evidence wanted = evidence_make(&now, picked, BATCH, ended);
        wrong += !got.positions || !same(&got, &wanted);
    }
    tap_ok(!wrong, "%d of %d batches made ahead are other ones, of %d threads", (int)wrong, ROUNDS,
           threads);
    evidence_ahead_take(&ahead, &one, next, BATCH, true);
    evidence_ahead_ask(&ahead, &one, next, BATCH, true);
    evidence_ahead_close(&ahead);
    evidence_ahead_close(&ahead);
    tap_ok(true, "the end, while evidence is made");
    evidence_release(&now);
    evidence_release(&one);
    evidence_release(&other);
}

int main(void)
{
    static struct log l;
    const struct log_form form = {30, 60, LOG_SESSIONS, 12, 90, 4000, false};
    log_make(&l, &form, 1);
    log_store(&store, &l);
    session_index_build(&sessions, &store, l.items, PART_TRAIN, PART_TRAIN);
    check_ahead(1);
    if (omp_get_max_threads() > 1) /* ThreadSanitizer does not know how libgomp's threads wait */
        check_ahead(2);
    session_index_release(&sessions);
    session_store_release(&store);
    return tap_done();
}
