/* Evidence once more, in double, by scans over the whole log: what the page of the wide part and
 * index/evidence.h say, for one position at a time. */
#ifndef TESTS_INDEX_PLAIN_H
#define TESTS_INDEX_PLAIN_H

#include <math.h>

#include "base/records.h"

#include "log.h"

enum { PLAIN_ITEMS = 400, PLAIN_OWN = 1 << 14, PLAIN_BEST = 100 };

/* A position: the first `seen` of the session's known items have happened. */
struct plain_at {
    const struct log *log;
    const int *by_end;  /* [sessions] of the log, by their ends */
    const int32_t *row; /* [items]; NULL: all are known */
    int postings, session, seen;
    enum part indexed; /* the last part whose sessions count */
    bool ended;        /* only those that had ended count */
};

struct plain_item {
    double feature[EVIDENCE_FEATURES];
    double rules, near, knn;
    int votes;
    bool touched, must, may; /* be a candidate; both differ at a cut between equal scores */
};

struct plain {
    double context[EVIDENCE_CONTEXT];
    struct plain_item item[PLAIN_ITEMS];
    int voters, occurrences; /* these: of the last item */
    bool unclear;            /* the nearest sessions have equals that are not among them */
};

/* ---- the log as it is known at the position ---- */

static inline const struct logged *plain_own(const struct plain_at *a)
{
    return &a->log->session[a->session];
}

static inline int64_t plain_begins(const struct plain_at *a)
{
    return plain_own(a)->time[0];
}

static inline bool plain_had_ended(const struct plain_at *a, int h)
{
    return log_last(&a->log->session[h]) < plain_begins(a);
}

/* By the last event, which comes at `now`. */
static inline bool plain_has_ended(const struct plain_at *a, int h, int64_t now)
{
    return a->log->session[h].part <= a->indexed && log_last(&a->log->session[h]) < now;
}

static inline bool plain_counts(const struct plain_at *a, int h)
{
    return a->log->session[h].part <= a->indexed && (!a->ended || plain_had_ended(a, h));
}

static inline int plain_times_in(const struct logged *s, int item)
{
    int count = 0;
    for (int i = 0; i < s->length; i++)
        count += s->item[i] == item;
    return count;
}

/* The sessions that count and hold an item, the newest first. */
static inline int plain_holders(const struct plain_at *a, int item, int *to)
{
    int count = 0;
    for (int k = a->log->sessions - 1; k >= 0; k--) {
        int h = a->by_end[k];
        if (plain_counts(a, h) && plain_times_in(&a->log->session[h], item))
            to[count++] = h;
    }
    return count;
}

/* The session's items that the model knows, and their times. */
static inline int plain_sequence(const struct plain_at *a, int *item, int64_t *time)
{
    const struct logged *s = plain_own(a);
    int count = 0;
    for (int i = 0; i < s->length; i++)
        if (!a->row || a->row[s->item[i]] >= 0)
            item[count] = s->item[i], time[count++] = s->time[i];
    return count;
}

/* ---- what sessions with item x say of the others ---- */

struct plain_around {
    int n, walked, occurrences;
    int holder[LOG_SESSIONS];
    double next[PLAIN_ITEMS], second[PLAIN_ITEMS], before[PLAIN_ITEMS], near[PLAIN_ITEMS],
        rule[PLAIN_ITEMS];
};

static inline void plain_look_around(const struct plain_at *a, int x, struct plain_around *r)
{
    *r = (struct plain_around){0};
    r->n = plain_holders(a, x, r->holder);
    r->walked = r->n < a->postings ? r->n : a->postings;
    for (int k = 0; k < r->walked; k++) {
        const struct logged *s = &a->log->session[r->holder[k]];
        r->occurrences += plain_times_in(s, x);
        for (int q = 0; q < s->length; q++)
            for (int p = 0; p < s->length; p++) {
                int ahead = q - p, item = s->item[q];
                if (s->item[p] != x || !ahead || abs(ahead) > 30)
                    continue;
                r->near[item] += 1;
                r->next[item] += ahead == 1;
                r->second[item] += ahead == 2;
                r->before[item] += ahead == -1;
                r->rule[item] += ahead > 0 && ahead <= 5 ? 1.0 / ahead : 0;
            }
    }
}

/* ---- scores ---- */

static inline double plain_uses(const struct plain_at *a, int item)
{
    int holder[LOG_SESSIONS];
    return plain_holders(a, item, holder);
}

/* The last distinct items, at most 10. */
static inline int plain_last_items(const int *sequence, int seen, int *to)
{
    int count = 0;
    for (int i = seen - 1; i >= 0 && count < 10; i--) {
        bool again = false;
        for (int k = 0; k < count; k++)
            again |= to[k] == sequence[i];
        if (!again)
            to[count++] = sequence[i];
    }
    return count;
}

static inline void plain_score_rules(const struct plain_at *a, const int *sequence,
                                     struct plain *to)
{
    static struct plain_around r;
    for (int j = 0; j < 5 && j < a->seen; j++) {
        plain_look_around(a, sequence[a->seen - 1 - j], &r);
        to->occurrences = j ? to->occurrences : r.occurrences;
        for (int i = 0; i < a->log->items; i++)
            to->item[i].rules += r.rule[i] / (r.occurrences + 1) / (j + 1);
    }
}

/* Co-occurrence, and the weights of sessions that share items. */
static inline void plain_score_shared(const struct plain_at *a, const int *sequence,
                                      struct plain *to, double *weight)
{
    static struct plain_around r;
    int last[10], count = plain_last_items(sequence, a->seen, last), sessions = 0;
    for (int h = 0; h < a->log->sessions; h++)
        sessions += plain_counts(a, h);
    for (int j = 0; j < count; j++) {
        plain_look_around(a, last[j], &r);
        for (int i = 0; i < a->log->items && r.walked; i++)
            to->item[i].near +=
                pow(0.8, j) * r.near[i] * r.n / r.walked / sqrt((r.n + 5) * (plain_uses(a, i) + 5));
        for (int k = 0; k < r.walked; k++)
            weight[r.holder[k]] += pow(0.85, j) * log((sessions + 1.0) / (r.n + 1));
    }
}

static inline int plain_descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* The least of the best 100 values, 0 if there are no more than those; *close: the next one is as
 * good. */
static inline double plain_cut(const double *value, int n, bool *close)
{
    double sorted[PLAIN_ITEMS];
    memcpy(sorted, value, (size_t)n * sizeof *value);
    qsort(sorted, (size_t)n, sizeof *sorted, plain_descending);
    double cut = n > PLAIN_BEST && sorted[PLAIN_BEST] > 0 ? sorted[PLAIN_BEST - 1] : 0;
    *close = cut > 0 && sorted[PLAIN_BEST] > cut * (1 - 1e-5);
    return cut;
}

static inline void plain_score_neighbours(const struct plain_at *a, const double *weight,
                                          struct plain *to)
{
    double value[LOG_SESSIONS];
    for (int h = 0; h < a->log->sessions; h++)
        value[h] = weight[h] / sqrt(a->log->session[h].length);
    double cut = plain_cut(value, a->log->sessions, &to->unclear);
    for (int h = 0; h < a->log->sessions; h++) {
        bool votes = value[h] > 0 && value[h] >= cut;
        to->voters += votes;
        for (int i = 0; votes && i < a->log->items; i++)
            to->item[i].votes += plain_times_in(&a->log->session[h], i) > 0;
        for (int i = 0; value[h] > 0 && value[h] >= cut && i < a->log->session[h].length; i++) {
            to->item[a->log->session[h].item[i]].knn += value[h];
            to->item[a->log->session[h].item[i]].touched = true;
        }
    }
}

static inline void plain_choose(const struct plain_at *a, struct plain *to, size_t score)
{
    double value[PLAIN_ITEMS];
    bool close;
    for (int i = 0; i < a->log->items; i++)
        value[i] = *(double *)(void *)((char *)&to->item[i] + score);
    double cut = plain_cut(value, a->log->items, &close);
    for (int i = 0; i < a->log->items; i++) {
        to->item[i].touched |= value[i] > 0;
        to->item[i].may |= value[i] > 0 && value[i] >= cut * (1 - 1e-5);
        to->item[i].must |=
            value[i] > 0 && value[i] > (close ? cut * (1 + 1e-5) : cut * (1 - 1e-5));
    }
}

static inline void plain_take(struct plain_item *i)
{
    i->touched = i->may = i->must = true;
}

/* The 50 items seen last. */
static inline void plain_choose_newest(const struct plain_at *a, int64_t now, struct plain *to)
{
    bool taken[PLAIN_ITEMS] = {false};
    int count = 0;
    for (int k = a->log->sessions - 1; k >= 0; k--) {
        const struct logged *s = &a->log->session[a->by_end[k]];
        if (!plain_has_ended(a, a->by_end[k], now))
            continue;
        for (int i = s->length - 1; i >= 0 && count < 50; i--) {
            count += !taken[s->item[i]];
            taken[s->item[i]] = true;
            plain_take(&to->item[s->item[i]]);
        }
    }
}

/* ---- the user ---- */

struct plain_user {
    int events, sessions; /* sessions: earlier ones */
    int item[PLAIN_OWN];
    int64_t time[PLAIN_OWN], before; /* before: the end of the last earlier session; -1 */
    bool begins[PLAIN_OWN];
};

/* Whether the user's ended sessions between h and this one have 2000 events: h is too old then. */
static inline bool plain_is_old(const struct plain_at *a, int h)
{
    int events = 0;
    for (int k = h + 1; k < a->session; k++)
        events += plain_had_ended(a, k) ? a->log->session[k].length : 0;
    return events >= 2000;
}

static inline void plain_read_user(const struct plain_at *a, const int *sequence,
                                   const int64_t *time, struct plain_user *u)
{
    *u = (struct plain_user){.before = -1};
    for (int h = 0; h < a->session; h++) {
        const struct logged *s = &a->log->session[h];
        if (s->user != plain_own(a)->user)
            continue;
        u->sessions++;
        if (!plain_had_ended(a, h) || plain_is_old(a, h))
            continue;
        for (int i = 0; i < s->length; i++) {
            u->item[u->events] = s->item[i], u->time[u->events] = s->time[i];
            u->begins[u->events++] = i == 0;
        }
        u->before = log_last(s) > u->before ? log_last(s) : u->before;
    }
    for (int i = 0; i < a->seen; i++) {
        u->item[u->events] = sequence[i], u->time[u->events] = time[i];
        u->begins[u->events++] = i == 0;
    }
}

static inline void plain_choose_own(const struct plain_user *u, struct plain *to)
{
    bool taken[PLAIN_ITEMS] = {false};
    int count = 0;
    for (int e = u->events - 1; e >= 0 && count < PLAIN_BEST; e--) {
        count += !taken[u->item[e]];
        taken[u->item[e]] = true;
        plain_take(&to->item[u->item[e]]);
    }
    for (int e = 0; e + 1 < u->events; e++)
        if (u->item[e] == u->item[u->events - 1] && !u->begins[e + 1])
            plain_take(&to->item[u->item[e + 1]]);
}

/* ---- features ---- */

static inline double plain_seconds(int64_t seconds)
{
    return 0.1 * log1p(seconds > 0 ? (double)seconds : 0);
}

/* 1 .. 5, 23 .. 26 of the page's list: what the sessions that hold the last item say. */
static inline void plain_put_around(const struct plain_around *r, int i, double uses, double *f)
{
    double c = r->next[i], n = r->occurrences + 1, scale = r->walked ? (double)r->n / r->walked : 0;
    f[0] = log1p(c);
    f[1] = c / n;
    f[2] = c > 0 ? log(c / n) + 5 : 0;
    f[22] = r->second[i] / n;
    f[23] = r->before[i] / (uses + 1);
    f[24] = scale * r->near[i] / (sqrt(r->n + 5) * sqrt(uses + 5));
    f[25] = r->near[i] / n;
}

static inline void plain_put_own(const struct plain_user *u, int64_t now, int i, int own_next,
                                 int own_nexts, double *f)
{
    double decayed = 0, total = 0, count = 0;
    int last = -1;
    for (int e = 0; e < u->events; e++) {
        double weight = pow(0.98, u->events - 1 - e);
        total += weight;
        decayed += u->item[e] == i ? weight : 0;
        count += u->item[e] == i;
        last = u->item[e] == i ? e : last;
    }
    f[5] = log1p(count);
    f[6] = 5 * decayed / total;
    f[9] = log1p(own_next);
    f[10] = own_nexts ? (double)own_next / own_nexts : 0;
    if (last < 0)
        return;
    double since = u->events - 1 - last;
    f[7] = 1 / (1 + since);
    f[8] = 1 - log(1 + since) / 8;
    f[14] = plain_seconds(now - u->time[last]);
}

static inline void plain_put_session(const int *sequence, int seen, int i, double *f)
{
    double count = 0;
    int last = -1;
    for (int k = 0; k < seen; k++)
        if (sequence[k] == i)
            count++, last = k;
    f[11] = log1p(count);
    f[12] = last < 0 ? 0 : 1.0 / (seen - last);
}

static inline int64_t plain_duration(const struct log *l)
{
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (int h = 0; h < l->sessions; h++) {
        const struct logged *s = &l->session[h];
        low = s->part == PART_TRAIN && s->time[0] < low ? s->time[0] : low;
        high = s->part == PART_TRAIN && s->time[0] > high ? s->time[0] : high;
    }
    return low > high ? 0 : high - low;
}

/* How many sessions with the item count by now: in tests those that go on too. */
static inline double plain_uses_by(const struct plain_at *a, int i, int64_t now)
{
    double count = 0;
    for (int h = 0; h < a->log->sessions; h++)
        count += (a->ended ? plain_has_ended(a, h, now) : plain_counts(a, h)) &&
                 plain_times_in(&a->log->session[h], i);
    return count;
}

/* Of all users: counts in all and lately, the item's age, when it was last seen. */
static inline void plain_put_all(const struct plain_at *a, int i, int64_t now, double *f)
{
    int late = 0, recent = 0, first = -1, ended = -1, last = -1;
    int64_t lasts = plain_duration(a->log);
    for (int k = 0; k < a->log->sessions; k++) {
        int h = a->by_end[k];
        int64_t end = log_last(&a->log->session[h]);
        bool before = plain_has_ended(a, h, now);
        if (!plain_times_in(&a->log->session[h], i) || !(before || plain_counts(a, h)))
            continue;
        late += before && end >= now - lasts / 200;
        recent += before && end >= now - lasts / 20;
        first = first < 0 ? h : first;
        ended = before ? h : ended;
        last = h;
    }
    f[13] = 0.3 * log1p(plain_uses_by(a, i, now));
    f[15] = 0.5 * log1p(late);
    f[16] = 0.3 * log1p(recent);
    if (last < 0)
        return;
    last = ended < 0 ? last : ended; /* in tests it may be seen later only */
    f[17] = plain_seconds(now - a->log->session[first].time[0]);
    f[18] = plain_seconds(now - log_last(&a->log->session[last]));
    f[19] = 1;
}

static inline double plain_self_repeats(const struct plain_at *a, const int *sequence)
{
    static struct plain_around r;
    int last[10], count = plain_last_items(sequence, a->seen, last);
    double repeats = 0, occurrences = 1;
    for (int k = 0; k < count; k++) {
        plain_look_around(a, last[k], &r);
        repeats += r.next[last[k]];
        occurrences += r.occurrences;
    }
    return repeats / occurrences;
}

static inline void plain_put_context(const struct plain_at *a, const int *sequence,
                                     const int64_t *time, const struct plain_user *u, int own_nexts,
                                     struct plain *to)
{
    double *z = to->context, distinct = 0, repeats = 0, touched = 0;
    for (int e = 0; e < u->events; e++) {
        bool again = false;
        for (int k = 0; k < e; k++)
            again |= u->item[k] == u->item[e];
        distinct += !again;
    }
    for (int i = 0; i < a->seen; i++) {
        bool again = false;
        for (int k = 0; k < i; k++)
            again |= sequence[k] == sequence[i];
        repeats += again;
    }
    for (int i = 0; i < a->log->items; i++)
        touched += to->item[i].touched;
    z[0] = 0.2 * log1p(plain_uses(a, sequence[a->seen - 1]));
    z[1] = 0.2 * log1p(u->events);
    z[2] = 0.2 * log1p(distinct);
    z[3] = 0.2 * log1p(touched);
    z[4] = 1 - distinct / u->events;
    z[5] = 0.3 * log1p(a->seen);
    z[6] = 0.3 * log1p(u->sessions);
    z[7] = 0.3 * log1p(own_nexts);
    z[8] = repeats / a->seen;
    z[9] = a->seen > 1 ? plain_seconds(time[a->seen - 1] - time[a->seen - 2]) : 0;
    z[10] = u->before < 0 ? 0 : plain_seconds(plain_begins(a) - u->before);
    z[11] = a->seen == 1;
    z[12] = plain_self_repeats(a, sequence);
}

/* ---- a position ---- */

static inline void plain_put_features(const struct plain_at *a, const int *sequence,
                                      const int64_t *time, struct plain *to)
{
    static struct plain_around r;
    static struct plain_user u;
    int own_next[PLAIN_ITEMS] = {0}, own_nexts = 0;
    double best = 0;
    plain_look_around(a, sequence[a->seen - 1], &r);
    plain_read_user(a, sequence, time, &u);
    plain_choose_own(&u, to);
    for (int e = 0; e + 1 < u.events; e++)
        if (u.item[e] == u.item[u.events - 1] && !u.begins[e + 1])
            own_next[u.item[e + 1]]++, own_nexts++;
    for (int i = 0; i < a->log->items; i++)
        best = fmax(best, to->item[i].knn);
    for (int i = 0; i < a->log->items; i++) {
        double *f = to->item[i].feature;
        plain_put_around(&r, i, plain_uses_by(a, i, time[a->seen - 1]), f);
        plain_put_own(&u, time[a->seen - 1], i, own_next[i], own_nexts, f);
        plain_put_session(sequence, a->seen, i, f);
        plain_put_all(a, i, time[a->seen - 1], f);
        f[3] = 0.5 * log1p(100 * to->item[i].rules);
        f[4] = log1p(20 * to->item[i].near);
        f[20] = log1p(to->item[i].knn);
        f[21] = best > 0 ? to->item[i].knn / best : 0;
    }
    plain_put_context(a, sequence, time, &u, own_nexts, to);
}

static inline void plain_make(const struct plain_at *a, struct plain *to)
{
    int sequence[LOG_EVENTS];
    int64_t time[LOG_EVENTS];
    double weight[LOG_SESSIONS] = {0};
    memset(to, 0, sizeof *to);
    plain_sequence(a, sequence, time);
    plain_score_rules(a, sequence, to);
    plain_score_shared(a, sequence, to, weight);
    plain_score_neighbours(a, weight, to);
    plain_choose(a, to, offsetof(struct plain_item, rules));
    plain_choose(a, to, offsetof(struct plain_item, near));
    plain_choose(a, to, offsetof(struct plain_item, knn));
    plain_choose_newest(a, time[a->seen - 1], to);
    plain_put_features(a, sequence, time, to);
}

#endif
