#include "data/learned.h"

#include <inttypes.h>

#include "base/nth.h"
#include "base/time.h"

bool learned_share_parse(const char *text, struct learned_share *to)
{
    to->of_each_user = !strncmp(text, "user:", 5);
    text += to->of_each_user ? 5 : 0;
    return fraction_parse(text, strlen(text), &to->of) && to->of.over;
}

static bool is_all(const struct learned_share *share)
{
    return share->of.over == share->of.under;
}

/* ---- in a header ---- */

static const char *key_of(const struct learned_share *share)
{
    return share->newest ? "train_recent" : "train_oldest";
}

void learned_note(struct meta *m, const struct learned_share share[2])
{
    for (int i = 0; i < 2; i++) {
        struct buf text = {0};
        buf_format(&text, "%s%" PRId64 "/%" PRId64, share[i].of_each_user ? "user:" : "",
                   share[i].of.over, share[i].of.under);
        buf_byte(&text, 0);
        if (!is_all(&share[i]))
            meta_set_text(m, key_of(&share[i]), text.at);
        buf_release(&text);
    }
}

void learned_noted(const struct meta *m, struct learned_share share[2])
{
    for (int i = 0; i < 2; i++) {
        const struct learned_share all = {{1, 1}, i == 0, false};
        struct cursor c = cursor_of(meta_find(m, key_of(&all)));
        struct bytes found = {NULL, 0};
        bool named = cursor_str(&c, &found);
        char *text = named ? mem_copy(found.at, found.len) : NULL;
        share[i] = all;
        if (named && !learned_share_parse(text, &share[i]))
            share[i] = all;
        mem_free(text);
    }
}

/* ---- which sessions ---- */

/* The training sessions of which a share is taken. */
struct whole {
    const struct session_store *store;
    const unsigned char *among; /* [S]; NULL: all of them */
};

static bool is_in(const struct whole *w, size_t session)
{
    return session_store_part(w->store, session) == PART_TRAIN && (!w->among || w->among[session]);
}

static int64_t count_in(const struct whole *w, size_t begin, size_t end)
{
    int64_t count = 0;
    for (size_t s = begin; s < end; s++) {
        count += is_in(w, s);
        session_store_passed(w->store, s, s + 1);
    }
    return count;
}

/* The first of n sessions in order that the share has, and the one after its last. */
static void bounds(const struct learned_share *share, int64_t n, int64_t *from, int64_t *to)
{
    *from = share->newest ? fraction_floor(fraction_rest(share->of), n) : 0;
    *to = share->newest ? n : fraction_floor(share->of, n);
}

/* The start of the session of a rank, the first one being the oldest. */
static int64_t start_of_rank(const struct whole *w, int64_t rank)
{
    struct nth n;
    nth_begin(&n, (uint64_t)rank, TIME_BITS);
    do
        for (size_t s = 0; s < session_store_sessions(w->store); s++) {
            if (is_in(w, s))
                nth_show(&n, (uint64_t)session_store_start(w->store, s));
            session_store_passed(w->store, s, s + 1);
        }
    while (nth_again(&n));
    return (int64_t)n.value;
}

static void keep_of_all(const struct whole *w, const struct learned_share *share,
                        unsigned char *learned)
{
    const struct session_store *c = w->store;
    int64_t n = count_in(w, 0, session_store_sessions(c)), from, to;
    bounds(share, n, &from, &to);
    int64_t first = from < n ? start_of_rank(w, from) : 0;
    int64_t end = to < n ? start_of_rank(w, to) : TIME_LIMIT;
    for (size_t s = 0; s < session_store_sessions(c); s++) {
        int64_t at = session_store_start(c, s);
        learned[s] &= at >= first && at < end;
        session_store_passed(c, s, s + 1);
    }
}

static void keep_of_user(const struct whole *w, const struct learned_share *share, size_t user,
                         unsigned char *learned)
{
    size_t begin = (size_t)w->store->first.at[user], end = (size_t)w->store->first.at[user + 1];
    int64_t n = count_in(w, begin, end), number = 0, from, to;
    bounds(share, n, &from, &to);
    for (size_t s = begin; s < end; s++)
        if (is_in(w, s)) {
            learned[s] &= number >= from && number < to;
            number++;
        }
    session_store_passed(w->store, begin, end);
}

int learned_choose(const struct session_store *c, const unsigned char *among,
                   const struct learned_share share[2], unsigned char **learned, struct err *e)
{
    const struct whole whole = {c, among};
    size_t sessions = session_store_sessions(c), of = session_store_part_count(c, PART_TRAIN);
    *learned = NULL;
    if (is_all(&share[0]) && is_all(&share[1]) && !among)
        return 0;
    *learned = mem_alloc(sessions);
    for (size_t s = 0; s < sessions; s++)
        (*learned)[s] = !among || among[s];
    for (int i = 0; i < 2; i++) {
        if (!share[i].of_each_user)
            keep_of_all(&whole, &share[i], *learned);
        for (size_t u = 0; share[i].of_each_user && u < session_store_users(c); u++)
            keep_of_user(&whole, &share[i], u, *learned);
    }
    if (of && !count_in(&(struct whole){c, *learned}, 0, sessions))
        return err_set(e, STATUS_DATA,
                       "--train-oldest and --train-recent leave none of %zu training sessions to "
                       "learn from",
                       of);
    return 0;
}
