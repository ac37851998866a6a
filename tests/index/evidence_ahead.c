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
        do
            picked[i] = log_draw(r, LOG_SESSIONS);
        while (session_store_length(&store, (size_t)picked[i]) < 3);
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

/* All positions of a batch's sessions; with `seen` of each only one. */
static struct evidence_wanted batch_of(const int32_t picked[BATCH], const int32_t *seen, bool ended)
{
    return (struct evidence_wanted){picked, seen, BATCH, ended};
}

/* Of each four batches one is not asked for, and for another one something else is: a session less,
 * or in every other turn another position.  What was taken stays as it is while the next is made.
 */
static void check_ahead(int threads, bool single)
{
    static const int32_t first[BATCH] = {1, 1, 1, 1, 1, 1, 1},
                         other_one[BATCH] = {1, 1, 1, 1, 1, 1, 2};
    const int32_t *seen = single ? first : NULL;
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
        struct evidence_wanted this = batch_of(picked, seen, ended);
        struct evidence got = evidence_ahead_take(&ahead, maker, &this);
        pick(&r, next);
        struct evidence_maker *asked = (round + 1) % 5 ? &one : &other;
        struct evidence_wanted ahead_of = batch_of(next, seen, (round + 1) % 3);
        if (round % 4 == 1 && round % 8 == 1)
            ahead_of.count--;
        else if (round % 4 == 1)
            ahead_of.seen = single ? NULL : other_one;
        if (round % 4)
            evidence_ahead_ask(&ahead, asked, &ahead_of);
        struct evidence wanted = evidence_make_wanted(&now, &this);
        wrong += !got.positions || !same(&got, &wanted);
    }
    tap_ok(!wrong, "%d of %d batches made ahead are other ones, of %d threads%s", (int)wrong,
           ROUNDS, threads, single ? ", single positions" : "");
    struct evidence_wanted last = batch_of(next, seen, true);
    evidence_ahead_take(&ahead, &one, &last);
    evidence_ahead_ask(&ahead, &one, &last);
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
    for (int single = 0; single < 2; single++) {
        check_ahead(1, single);
        if (omp_get_max_threads() >
            1) /* ThreadSanitizer does not know how libgomp's threads wait */
            check_ahead(2, single);
    }
    session_index_release(&sessions);
    session_store_release(&store);
    return tap_done();
}
