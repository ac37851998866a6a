/* The matrix products of a step of models over whole sessions, for floors. */
#ifndef TESTS_BENCH_SESSION_FLOORS_H
#define TESTS_BENCH_SESSION_FLOORS_H

#include "../model_shape.h"
#include "floor.h"

enum { BLOCKS = 2 /* of SASRec */, TIMES = 16, USERS = 32 /* sizes of ASARS's embeddings */ };

/* Adds a GRU's products over `all` rows, of which `going` continue from a state other than 0, and
 * what it keeps, four gates and the state of each row; `inputs_back` input rows and `states_back`
 * state rows get a gradient. */
static inline void floor_gru(struct floor *f, double all, double going, int in, int H,
                             double inputs_back, double states_back)
{
    floor_linear(f, all, 3 * H, in, inputs_back);
    floor_linear(f, going, 2 * H, H, states_back);
    floor_linear(f, going, H, H, going); /* W_hn(r∘h): the gradient of r needs it */
    floor_kept(f, all, 5 * H);
}

/* The same of an LSTM, which keeps two states. */
static inline void floor_lstm(struct floor *f, double all, double going, int in, int H,
                              double inputs_back, double states_back)
{
    floor_linear(f, all, 4 * H, in, inputs_back);
    floor_linear(f, going, 4 * H, H, states_back);
    floor_kept(f, all, 6 * H);
}

static inline void narm_floor(struct floor *f, double read, double going, double targets, int E,
                              int H)
{
    floor_gru(f, read, going, E, H, read, going);
    floor_linear(f, read, H, H, read); /* queries and keys of the attention */
    floor_linear(f, read, H, H, read);
    floor_linear(f, targets, E, 2 * H, targets);
}

/* RIB without contexts, and without the sums over the rows of a session. */
static inline void rib_floor(struct floor *f, double read, double going, int E)
{
    floor_gru(f, read, going, E, E, read, going);
    floor_linear(f, read, E, E, read);
}

/* With the default sizes of dense layers, the last of which is mapped to embeddings. */
static inline void context_rnn_floor(struct floor *f, double read, double going, int E)
{
    floor_gru(f, read, going, E, E, read, going);
    floor_linear(f, read, 100, E, read);
}

/* With the default sizes of states and of users; the sums of attention are left out.  `going`: rows
 * that continue from a state. */
static inline void asars_floor(struct floor *f, const char *variant, double read, double going,
                               int E)
{
    bool by_time = !strcmp(variant, "time-att") || !strcmp(variant, "time-user");
    bool beside = !strcmp(variant, "user-cat") || !strcmp(variant, "time-user");
    floor_lstm(f, read, going, strcmp(variant, "time-cat") ? E : E + TIMES, 100, read, going);
    if (by_time) {
        floor_lstm(f, read, going, TIMES, 100, read, going);
        floor_linear(f, read, 100, 100, read);
    }
    if (!strcmp(variant, "user-att"))
        floor_linear(f, read, USERS, 100, read);
    floor_linear(f, read, E, beside ? 100 + USERS : 100, read);
}

/* The sizes of a batch whose models read each beginning of a session for itself. */
struct prefixes {
    double read, begun, inputs; /* rows of all beginnings, these, and the inputs of the sessions */
};

/* The encoder-decoder without the sums of attention; one that reads forward reads each input
 * once. */
static inline void intent_floor(struct floor *f, bool both, const struct prefixes *n,
                                double sessions, int E)
{
    double going = n->read - n->begun, encoded = both ? n->read : n->inputs;
    int width = both ? 2 * E : E;
    for (int i = 0; i < 1 + both; i++)
        floor_gru(f, encoded, both ? going : encoded - sessions, E, E, encoded, going);
    floor_linear(f, encoded, E, width, encoded); /* keys */
    floor_linear(f, going, E, E, going);         /* queries */
    floor_gru(f, n->read, going, E + 2 * width, E, n->read, going);
}

/* A level of the hierarchical model: `rows` in `count` sequences become a vector each. */
static inline void level_floor(struct floor *f, const char *rep, double rows, double count, int E)
{
    if (!strcmp(rep, "mean"))
        return;
    floor_gru(f, rows, rows - count, E, E, rows, rows - count);
    if (!strcmp(rep, "attention"))
        floor_linear(f, rows, E, E, rows);
}

/* The hierarchical model, of earlier sessions with `events` in all, with --intra attended at each
 * of `read` steps, without the sums of attention. */
static inline void hierarchical_floor(struct floor *f, const struct model_shape *o, double events,
                                      double earlier, double sessions, double read, int E)
{
    level_floor(f, o->session_rep, events, earlier, E);
    level_floor(f, o->user_rep, earlier, sessions, E);
    floor_gru(f, read, read, o->intra ? 2 * E : E, E, read, read);
    if (!o->intra)
        return;
    floor_linear(f, earlier, E, E, earlier); /* keys and queries of the steps */
    floor_linear(f, read, E, E, read);
}

static inline void youtube_dnn_floor(struct floor *f, double read, int E)
{
    floor_linear(f, read, 256, E, read);
    floor_linear(f, read, 128, 256, read);
    floor_linear(f, read, E, 128, read);
}

/* Two layers over the means, and two over all items. */
static inline void session_embedding_floor(struct floor *f, double read, int E, int items)
{
    for (int i = 0; i < 2; i++) {
        floor_linear(f, read, E, E, read);
        floor_linear(f, items, E, E, items);
    }
}

/* Gated layers of five events each. */
static inline void wavenet_floor(struct floor *f, double read, int E, int layers)
{
    for (int i = 0; i < layers; i++)
        floor_linear(f, read, 2 * E, 5 * E, read);
}

/* SASRec's blocks without what happens between the rows of a session. */
static inline void attention_floor(struct floor *f, double read, int E)
{
    for (int i = 0; i < BLOCKS; i++) {
        floor_linear(f, read, 3 * E, E, read);
        for (int k = 0; k < 3; k++) /* what joins the heads; the feed-forward layer */
            floor_linear(f, read, E, E, read);
    }
}

/* STAMP without the sums over the rows of a session. */
static inline void stamp_floor(struct floor *f, const char *model, double read, double targets,
                               int E)
{
    for (int i = 0; i < 3 && !strcmp(model, "stamp"); i++)
        floor_linear(f, read, E, E, read);
    for (int i = strcmp(model, "stmo") ? 2 : 1; i > 0; i--)
        floor_linear(f, targets, E, E, targets);
}

#endif
