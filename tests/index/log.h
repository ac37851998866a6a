/* Small made-up logs of sessions that overlap, and the store that holds them. */
#ifndef TESTS_INDEX_LOG_H
#define TESTS_INDEX_LOG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "data/session_store.h"

enum { LOG_SESSIONS = 240, LOG_EVENTS = 96, LOG_BEGINS = 1 << 30 };

/* Sessions in the order of the store: by user, each user's by start. */
struct logged {
    int user, length, item[LOG_EVENTS];
    enum part part;
    int64_t time[LOG_EVENTS];
};

struct log {
    int users, items, sessions;
    struct logged session[LOG_SESSIONS];
};

/* What a log looks like. */
struct log_form {
    int users, items, sessions, longest;
    int gap; /* seconds between events, at most: small ones make equal times, large ones overlaps */
    int apart;  /* seconds from one session of a user to the next one, at most */
    bool parts; /* validation and test sessions too */
};

static inline int log_draw(struct random *r, int n)
{
    return (int)random_below(r, (uint32_t)n);
}

/* Items of a user come from a few of all, so that they repeat. */
static inline int log_item(struct random *r, const struct log *l, int user)
{
    int few = 1 + l->items / 3;
    return log_draw(r, 4) ? (user * 7 + log_draw(r, few)) % l->items : log_draw(r, l->items);
}

static inline void log_session(struct logged *s, const struct log *l, const struct log_form *f,
                               struct random *r, int64_t start)
{
    s->length = 1 + log_draw(r, log_draw(r, 6) ? 1 + f->longest / 4 : f->longest);
    for (int i = 0; i < s->length; i++) {
        s->time[i] = i ? s->time[i - 1] + log_draw(r, f->gap + 1) : start;
        s->item[i] = i && !log_draw(r, 5) ? s->item[i - 1] : log_item(r, l, s->user);
    }
}

static inline void log_make(struct log *l, const struct log_form *f, uint64_t seed)
{
    struct random r = random_of(seed, 1);
    *l = (struct log){.users = f->users, .items = f->items, .sessions = f->sessions};
    for (int user = 0, n = 0; user < f->users; user++) {
        int first = n, end = f->sessions * (user + 1) / f->users;
        int64_t start = LOG_BEGINS + log_draw(&r, f->apart + 1);
        for (; n < end; n++) {
            struct logged *s = &l->session[n];
            int place = 10 * (n - first) / (end - first);
            s->user = user;
            s->part = !f->parts || place < 7 ? PART_TRAIN : place < 8 ? PART_VALIDATION : PART_TEST;
            log_session(s, l, f, &r, start);
            start += log_draw(&r, f->apart + 1);
        }
    }
}

static inline void log_store(struct session_store *c, const struct log *l)
{
    struct err e = {0};
    int status = 0;
    *c = (struct session_store){.keeps_times = true};
    for (int n = 0; n < l->sessions && !status; n++)
        status = session_store_add(c,
                                   &(struct session){.user = l->session[n].user,
                                                     .part = l->session[n].part,
                                                     .count = (size_t)l->session[n].length,
                                                     .times = l->session[n].time,
                                                     .items = l->session[n].item},
                                   &e);
    if (status || session_store_end(c, &e)) {
        printf("Bail out! %s\n", e.text);
        exit(1);
    }
}

static inline int64_t log_last(const struct logged *s)
{
    return s->time[s->length - 1];
}

#endif
