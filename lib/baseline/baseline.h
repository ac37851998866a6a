/* Baseline models that count: popularity, personal popularity, popularity in the session,
 * first-order Markov, nearest neighbours of items and of sessions.
 *
 * A model learns the training part, or, online, for each session what is known when it begins: then
 * it predicts as if the training part were that.
 *
 * Each gives some items a score s(c, i), where the context c is what is known at a position: the
 * user, the session so far.  Items are ordered by score, 0 for those without, then by popularity
 * n(i) (how often training has i), then by id. This is a total order, without ties. The probability
 * of an item is
 *
 *     p(i | c) = (s(c, i) + p(i)) / (s(c) + 1),    p(i) = (n(i) + 1) / (n + N),
 *
 * with s(c) the sum of the scores: popularity with one added to each of the N items, which weighs
 * as much as a score of 1.  It sums to 1 over all items and never is 0.  Where scores are counts it
 * falls with the ranks, and lists give it for each item; where scores are similarities, or mixed,
 * lists give s(c, i). */
#ifndef BASELINE_BASELINE_H
#define BASELINE_BASELINE_H

#include "base/records.h"
#include "baseline/knn.h"
#include "baseline/mix.h"
#include "data/session_store.h"

/* What is known where an item is predicted. */
struct moment {
    int32_t user, session; /* number of the session among the user's */
    int64_t start;         /* time of the session's first event */
    const int32_t *items;  /* the session so far */
    size_t count;          /* 1 at least */
};

struct baseline;
struct baseline_work;

struct baseline_kind {
    const char *name;
    const char *help;
    /* The row of the table of scores for the moment; -1: none. */
    int32_t (*context)(const struct moment *m);
    /* Fills the table from the training sessions; NULL: how often an item comes in a context. */
    void (*fill)(struct baseline *b);
    /* Instead of a table: adds the scores of the moment to the work's. */
    void (*score)(const struct baseline *b, const struct moment *m, struct baseline_work *w);
    /* The same for a table that fill fills, where sessions are learned one by one. */
    void (*score_online)(const struct baseline *b, const struct moment *m, struct baseline_work *w);
    bool sets; /* needs the sessions as sets */
    bool wide; /* instead of all these: baseline/wide.h */
};

extern const struct baseline_kind baseline_kinds[]; /* ends with a row without name */

/* The row of that name, or NULL. */
const struct baseline_kind *baseline_find(const char *name);

/* What is learned beside, or in place of, the training part. */
enum baseline_online {
    ONLINE_NONE,
    ONLINE_USER, /* also the user's own sessions that ended before */
    ONLINE_ALL,  /* all sessions of any part that ended before, and no others */
};

struct baseline_options {
    int64_t neighbours;       /* of item-knn, session-knn, vstan */
    int64_t sample;           /* of session-knn, vstan; 0: all */
    double regularization;    /* of item-knn */
    struct knn_decays decays; /* of vstan */
    double decay;             /* of ppop-decay, for each session */
    int64_t window;           /* of pop: seconds; 0: all */
    bool no_remind;           /* items of the session so far come last */
    enum baseline_online online;
    const struct mix *mix; /* NULL: none; the caller's */
    bool cascade;          /* the mix's lists are candidates, not scores to add */
    double mix_weight;     /* of scores that are added */
};

struct baseline *baseline_new(const struct baseline_kind *kind, const struct baseline_options *o);
void baseline_free(struct baseline *b); /* NULL is fine */

/* Learns the training part of the store, which the caller keeps until baseline_free; there are N
 * items, of which some may not be in it.  After it several threads may ask at once.  `candidate`
 * [N] is 1 for the items among which targets are ranked and 0 for the others, which are on no list;
 * NULL: all are candidates. */
void baseline_learn(struct baseline *b, const struct session_store *store, int32_t items,
                    const unsigned char *candidate);

/* Online: learns what ended before the session began, and forgets what it should not know.  Times
 * must not fall from call to call with ONLINE_ALL.  No thread may ask meanwhile. */
void baseline_advance(struct baseline *b, const struct moment *m);
enum baseline_online baseline_is_online(const struct baseline *b);

/* Whether the model searches neighbours, which several threads do faster; other models look answers
 * up. */
bool baseline_searches(const struct baseline *b);

/* Whether the model reads whole sessions before it answers (baseline/wide.h); the store keeps
 * times for it. */
bool baseline_reads_sessions(const struct baseline *b);

/* The working memory of one thread. */
struct baseline_work *baseline_work_new(const struct baseline *b);
void baseline_work_free(struct baseline_work *w); /* NULL is fine */

struct verdict {
    int32_t rank; /* 1 = best */
    double probability;
    bool mixed; /* whether the mix had a list of the position */
};

/* The rank of the target, and the k best candidates (there are as many) with their scores for
 * lists. */
struct verdict baseline_answer(const struct baseline *b, struct baseline_work *w,
                               const struct moment *m, int32_t target, int32_t k, int32_t *items,
                               float *scores);

#endif
