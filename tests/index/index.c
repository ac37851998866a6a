/* The index against plain scans of the log: which sessions had ended, and which hold an item. */
#include "index/index.h"

#include "../tap.h"
#include "log.h"

/* Of the sessions of the parts, the number of those whose end comes before that of session n. */
static int ended_before_it(const struct log *l, int n, enum part first, enum part last)
{
    int count = 0;
    for (int h = 0; h < l->sessions; h++) {
        const struct logged *s = &l->session[h];
        int64_t end = log_last(s), own = log_last(&l->session[n]);
        if (s->part >= first && s->part <= last)
            count += end < own || (end == own && h < n);
    }
    return count;
}

static bool is_taken(const struct log *l, int n, enum part first, enum part last)
{
    return l->session[n].part >= first && l->session[n].part <= last;
}

static bool same_sessions(const struct session_index *x, const struct log *l, enum part first,
                          enum part last)
{
    int count = 0;
    bool same = true;
    for (int n = 0; n < l->sessions && same; n++) {
        const struct logged *s = &l->session[n];
        if (!is_taken(l, n, first, last))
            continue;
        count++;
        int rank = ended_before_it(l, n, first, last);
        same = rank < x->sessions && x->start[rank] == s->time[0] && x->last[rank] == log_last(s) &&
               session_index_length(x, rank) == (size_t)s->length &&
               !memcmp(session_index_items(x, rank), s->item, (size_t)s->length * sizeof *s->item);
    }
    return same && count == x->sessions;
}

static bool holds(const struct session_index *x, int rank, int item)
{
    for (size_t i = 0; i < session_index_length(x, rank); i++)
        if (session_index_items(x, rank)[i] == item)
            return true;
    return false;
}

/* Each item's postings, and how many of them are below each rank. */
static bool same_postings(const struct session_index *x)
{
    for (int item = 0; item < x->items; item++) {
        size_t count = 0;
        for (int rank = 0; rank < x->sessions; rank++) {
            if (session_index_postings(x, item, rank) != count)
                return false;
            if (holds(x, rank, item) && session_index_ranks(x, item)[count++] != rank)
                return false;
        }
        if (x->posting[item].first != (count ? session_index_ranks(x, item)[0] : -1))
            return false;
        if (count != (size_t)x->posting[item].count ||
            session_index_postings(x, item, x->sessions) != count)
            return false;
    }
    return true;
}

/* At each time at which a session ends, and a second beside it. */
static bool same_before(const struct session_index *x)
{
    for (int i = 0; i < x->sessions; i++)
        for (int64_t time = x->last[i] - 1; time <= x->last[i] + 1; time++) {
            int count = 0;
            for (int rank = 0; rank < x->sessions; rank++)
                count += x->last[rank] < time;
            if (session_index_before(x, time) != count)
                return false;
        }
    return true;
}

static int64_t plain_duration(const struct log *l, enum part part)
{
    int64_t low = INT64_MAX, high = 0;
    for (int n = 0; n < l->sessions; n++) {
        if (!is_taken(l, n, part, part))
            continue;
        low = l->session[n].time[0] < low ? l->session[n].time[0] : low;
        high = l->session[n].time[0] > high ? l->session[n].time[0] : high;
    }
    return high - low;
}

static void check_log(const struct log_form *f, uint64_t seed, enum part first, enum part last)
{
    static struct log l;
    struct session_store c;
    struct session_index x;
    log_make(&l, f, seed);
    log_store(&c, &l);
    session_index_build(&x, &c, l.items, first, last);
    tap_ok(same_sessions(&x, &l, first, last) && x.duration == plain_duration(&l, first),
           "%d sessions of %d users, parts %d to %d, seed %d: %d in the order of their ends",
           l.sessions, l.users, first, last, (int)seed, x.sessions);
    tap_ok(same_before(&x), "    which had ended before a time");
    tap_ok(same_postings(&x), "    postings");
    session_index_release(&x);
    session_store_release(&c);
}

static bool same_index(const struct session_index *x, const struct session_index *y)
{
    return x->sessions == y->sessions && x->items == y->items && x->duration == y->duration &&
           !memcmp(x->start, y->start, (size_t)x->sessions * sizeof *x->start) &&
           !memcmp(x->last, y->last, (size_t)x->sessions * sizeof *x->last) &&
           !memcmp(x->event, y->event, (size_t)(x->sessions + 1) * sizeof *x->event) &&
           !memcmp(x->item, y->item, (size_t)x->event[x->sessions] * sizeof *x->item);
}

/* An index of the sessions up to a rank, and of their items, to which the others are added, is that
 * of all. */
static void check_growth(const struct log_form *f, uint64_t seed)
{
    static struct log l;
    struct session_store c, none = {.keeps_times = true};
    struct session_index all, x;
    struct err e;
    bool same = true;
    log_make(&l, f, seed);
    log_store(&c, &l);
    session_index_build(&all, &c, l.items, PART_TRAIN, PART_TEST);
    session_store_end(&none, &e);
    session_index_build(&x, &none, 0, PART_TRAIN, PART_TEST);
    same = session_index_newest(&x) == INT64_MIN;
    for (int32_t rank = 0; rank < all.sessions; rank++) {
        const int32_t *item = session_index_items(&all, rank);
        size_t count = session_index_length(&all, rank);
        for (size_t i = 0; i < count; i++)
            if (item[i] >= x.items)
                session_index_widen(&x, item[i] + 1);
        session_index_add(&x, all.start[rank], all.last[rank], item, count);
        same = same && session_index_newest(&x) == all.last[rank] && x.sessions == rank + 1;
    }
    session_index_widen(&x, l.items);
    tap_ok(same && same_index(&x, &all), "seed %d: %d sessions added one by one", (int)seed,
           x.sessions);
    tap_ok(same_before(&x) && same_postings(&x), "    postings");
    session_index_release(&x);
    session_index_release(&all);
    session_store_release(&none);
    session_store_release(&c);
}

/* Sessions that end in the same second keep the store's order, whatever their starts are. */
static void check_ties(void)
{
    static struct log l;
    struct session_store c;
    struct session_index x;
    l = (struct log){.users = 3, .items = 4, .sessions = 3};
    for (int n = 0; n < 3; n++)
        l.session[n] = (struct logged){
            .user = n, .length = 2, .item = {n, 3}, .part = PART_TRAIN, .time = {50 - n, 60}};
    log_store(&c, &l);
    session_index_build(&x, &c, 4, PART_TRAIN, PART_TRAIN);
    tap_ok(x.start[0] == 50 && x.start[1] == 49 && x.start[2] == 48,
           "equal ends: the store's order");
    tap_ok(session_index_before(&x, 60) == 0 && session_index_before(&x, 61) == 3,
           "a session that ends in a second had not ended before it");
    session_index_release(&x);
    session_store_release(&c);
}

static void check_empty(void)
{
    static struct log l;
    struct session_store c;
    struct session_index x;
    log_make(&l, &(struct log_form){2, 5, 4, 3, 9, 99, false}, 1);
    log_store(&c, &l);
    session_index_build(&x, &c, l.items, PART_TEST, PART_TEST);
    tap_ok(x.sessions == 0 && x.duration == 0 && session_index_before(&x, INT64_MAX) == 0 &&
               session_index_postings(&x, 4, 0) == 0,
           "a part without sessions: an empty index");
    session_index_release(&x);
    session_index_build(&x, &c, 99, PART_TRAIN, PART_TRAIN);
    tap_ok(session_index_postings(&x, 98, x.sessions) == 0, "an item that no session holds");
    session_index_release(&x);
    session_store_release(&c);
}

/* Whatever the caller takes the number to be. */
static bool same_near(const struct session_index *x, int32_t item, int rank, int32_t count)
{
    for (int32_t about = 0; about <= x->posting[item].count; about += 1 + about / 3)
        if (session_index_postings_near(x, item, rank, about) != count)
            return false;
    return true;
}

/* Sessions of many items each of which comes in bursts: nearly always, seldom, not at all. */
static void check_bursts(void)
{
    enum { SESSIONS = 3000 };
    struct session_store none = {.keeps_times = true};
    struct session_index x;
    struct err e;
    int32_t below[4] = {0};
    bool same = true;
    session_store_end(&none, &e);
    session_index_build(&x, &none, 4, PART_TRAIN, PART_TRAIN);
    for (int n = 0; n < SESSIONS; n++) {
        int32_t items[4] = {3}, count = 1;
        for (int32_t item = 0; item < 3; item++)
            if (n / 500 % 3 == item ? n % 50 : n % 70 == item && n > 1000 * item)
                items[count++] = item;
        session_index_add(&x, n, n, items, (size_t)count);
    }
    for (int rank = 0; rank < SESSIONS; rank++)
        for (int32_t item = 0; item < 4; item++) {
            same = same && session_index_postings(&x, item, rank) == (size_t)below[item] &&
                   same_near(&x, item, rank, below[item]);
            below[item] += holds(&x, rank, item);
        }
    tap_ok(same && below[0] > 900 && below[2] > 900, "bursts of %d, %d and %d postings", below[0],
           below[1], below[2]);
    session_index_release(&x);
    session_store_release(&none);
}

int main(void)
{
    check_empty();
    check_bursts();
    check_ties();
    check_growth(&(struct log_form){9, 40, 90, 30, 2, 20, false}, 5);
    check_growth(&(struct log_form){30, 400, LOG_SESSIONS, 60, 90, 4000, false}, 6);
    for (uint64_t seed = 1; seed <= 4; seed++) {
        check_log(&(struct log_form){5, 12, 60, 8, 300, 900, true}, seed, PART_TRAIN, PART_TRAIN);
        check_log(&(struct log_form){9, 40, 90, 30, 2, 20, true}, seed, PART_TRAIN, PART_TEST);
        check_log(&(struct log_form){3, 7, 50, 8, 60, 300, true}, seed, PART_VALIDATION,
                  PART_VALIDATION);
    }
    return tap_done();
}
