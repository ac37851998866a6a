/* The plain structs of what programs exchange: arrays, sessions, batches, ranks. The stream reads
 * and writes them, the rooms data and train make them, models and metrics use them. Models and
 * metrics know no more of the stream than this header. */
#ifndef BASE_RECORDS_H
#define BASE_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum column_type {
    COLUMN_I32 = 1, /* the ext types of the stream: int32, int64, float32, uint8 */
    COLUMN_I64 = 2,
    COLUMN_F32 = 3,
    COLUMN_U8 = 4,
};

struct column {
    void *at;   /* element type as `type`; aligned; the reader's until the next read */
    size_t len; /* elements */
};

#define column_i32(c) ((int32_t *)(c).at)
#define column_i64(c) ((int64_t *)(c).at)
#define column_f32(c) ((float *)(c).at)
#define column_u8(c)  ((unsigned char *)(c).at)

size_t column_size(enum column_type type); /* bytes of an element, 0 = no such type */

/* An unsplit session is of no part. */
enum part { PART_NONE = 0, PART_TRAIN = 1, PART_VALIDATION = 2, PART_TEST = 3 };
extern const char *const part_name[4]; /* "none", "train", "validation", "test" */

/* ---- sessions ---- */

/* Per-event arrays and per-session integers beside times and items; kept as in the stream. */
struct extra {
    struct bytes key;
    enum column_type type;
    struct column column; /* at = NULL: a single integer */
    int64_t value;
};

struct session {
    int32_t user;
    enum part part;
    size_t count;         /* events */
    const int64_t *times; /* [count], not decreasing */
    const int32_t *items; /* [count] */
    const struct extra *extras;
    size_t extra_count;
};

/* ---- batches ---- */

/* The candidates of each position of a batch, which are the items that some count is known of, and
 * the numbers that describe them (index/evidence.h). */
enum {
    EVIDENCE_FEATURES = 26,
    EVIDENCE_CONTEXT = 13,
    EVIDENCE_POSTINGS = 200 /* newest sessions of an item that are looked at, as it was developed */
};
struct evidence {
    int positions, candidates;
    const int32_t *start; /* [positions + 1] where a position's candidates begin */
    const int32_t *item;  /* [candidates] those of a position are all different */
    const float *feature; /* [candidates, EVIDENCE_FEATURES]; NULL: `value` is known */
    const float *value;   /* [candidates] what a wide part made of its features; NULL: unknown */
    const float *context; /* [positions, EVIDENCE_CONTEXT] */
    /* Of the nearest sessions: [candidates] how many have the item, [positions] how many there are;
     * [positions] how often the last item occurs where it was looked for.  NULL: not asked for. */
    const int32_t *votes, *voters, *occurrences;
};

/* The events of a session store in the memory of a device, by their places in the store: items, by
 * the batches' ids, and the codes of each context. */
struct stored_events {
    const int32_t *item;
    const int32_t *const *code;
};

/* One batch of B sessions; ragged arrays end to end.  `history` counts each session's earlier
 * sessions, the oldest first; a session's number counts from 0 among its user's. */
struct batch {
    int learn;                   /* 0: forward only, for what the model remembers */
    struct column user, session; /* int32 B */
    struct column start;         /* int64 B */
    struct column length, item;  /* int32 B, Σlength */
    struct column history;       /* int32 B */
    struct column intent; /* uint8 B: 1 where any event of the session has an action that is asked
                             for (trainer --intent); at = NULL: not known */
    struct column history_delta, history_week, history_session; /* int32 Σhistory */
    struct column history_start;                                /* int64 Σhistory */
    struct column history_length, history_item; /* int32 Σhistory, Σhistory_length */
    /* Of each context that the model reads (trainer --context) the code of each event, int32
     * Σlength, -1: not known; NULL: there are none. */
    const struct column *context;
    const struct evidence *evidence;    /* NULL: not made */
    const struct stored_events *stored; /* NULL: a device that is not the host has no copy */
    struct column place, history_place; /* int32, as item and history_item: with `stored`, where
                                           each event stands in it */
};

enum { SLOTS_LIMIT = 1 << 20 }; /* of a parallel mini-batch */

/* What a slot does at a step. */
enum reset {
    RESET_NONE = 0,    /* continues its session */
    RESET_SESSION = 1, /* a new session of the same user starts */
    RESET_USER = 2,    /* a new user starts */
    RESET_IDLE = 3,    /* the slot is empty: its other numbers have no meaning */
};

/* Steps of a parallel mini-batch: K steps of B slots, step by step in arrays of K·B. */
struct steps {
    int64_t slots;
    struct column item, target, user; /* int32 */
    struct column session;            /* int32: its number among the user's */
    struct column position;           /* int32: how many events of it come before the item */
    struct column reset;              /* uint8, enum reset */
};

struct epoch {
    int64_t number; /* from 1 */
    enum part part;
};

/* ---- predictions ---- */

/* The rank of a target that was not ranked: it is behind every cut. */
enum { RANK_NONE = INT32_MAX };

struct ranks {
    struct column user, session, position, target, rank, ties, history, length; /* int32 n */
    struct column loss;                                                         /* float32 n */
    struct column seen; /* uint8 n: 1 where the user had the target in an earlier event, of this
                           session or an earlier one; at = NULL: not given */
    struct column
        day; /* int32 n: days of the part before the session's end; at = NULL: not given */
};

struct tops {
    struct column user, session, position; /* int32 n */
    int64_t k;
    struct column item;  /* int32 n·k */
    struct column score; /* float32 n·k */
};

/* Whether a session holds an action that is asked for, as a model guesses after each event. */
struct intents {
    struct column user, session, position; /* int32 n */
    struct column label;                   /* uint8 n: 1: it does */
    struct column score;                   /* float32 n: how likely */
};

struct attention {
    struct bytes model, level;
    int64_t user, session, position;
    struct column weight;                    /* float32 */
    struct column length, item, delta, week; /* int32 */
    struct column start;                     /* int64 */
    struct column began;                     /* int64, one: when the session itself began */
    struct column target, top;               /* int32 T */
};

/* The result of a pass; `loss` is the mean over `events` targets. */
struct pass {
    struct epoch epoch;
    double loss;
    int64_t events, left_out;
};

#endif
