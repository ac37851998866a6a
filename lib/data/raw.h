/* Raw logs: one row is one event of one user. */
#ifndef DATA_RAW_H
#define DATA_RAW_H

#include "data/lines.h"
#include "stream/record.h" /* NAME_LIMIT */

struct raw_row {
    struct bytes user;
    struct bytes item;  /* the key, which is the item's name in the stream */
    struct bytes title; /* what people call it, where that is not the key; else empty */
    int64_t time;
};

/* A format: how a line is read.  Both return 0, or 65 with a text that names the field; what they
 * put into *row is valid until the next call. */
struct raw_format {
    void *state;
    const char *name;    /* "a Last.fm log" */
    const char *regroup; /* a command that brings each user's rows together */
    int (*header)(void *state, struct bytes line, struct err *e); /* NULL: it has none */
    int (*row)(void *state, struct bytes line, struct raw_row *row, struct err *e);
};

/* Last.fm 1K: user, ISO 8601 time, artist id, artist name, track id, track name, by tabs.  The key
 * is the id, or where that is empty the artist's name; of a track "artist – track". */
struct lastfm {
    bool track;        /* the item is the track, not the artist */
    struct buf joined; /* "artist – track" */
};
struct raw_format lastfm_format(struct lastfm *l);
void lastfm_release(struct lastfm *l);

/* CSV with a header that names username, subreddit and utc (seconds), in any order. */
struct reddit {
    size_t columns, user, item, time; /* how many, and where they stand */
    struct buf unquoted;
};
struct raw_format reddit_format(struct reddit *r);
void reddit_release(struct reddit *r);

struct raw_log {
    struct lines lines;
    struct raw_format format;
    bool skip_bad;
    struct buf header;    /* of the input, as it stands there */
    uint64_t rows, bad;   /* rows in all, and those of them that could not be parsed */
    struct err first_bad; /* what was wrong with the first of those, and where */
};

void raw_open(struct raw_log *log, struct raw_format format, const char *const *paths, int count,
              bool skip_bad);

/* 1: a row; 0: the end; -1: *e says what is wrong, naming input and line.  Rows that cannot be
 * parsed are such an error, or counted and passed over with skip_bad, unless all are bad. */
int raw_next(struct raw_log *log, struct raw_row *row, struct err *e);

/* Puts "FILE, line N: " before the text of *e; returns its status. */
int raw_at(const struct raw_log *log, struct err *e);

void raw_close(struct raw_log *log);

/* ---- what formats share ---- */

/* Checks that a field is neither empty nor too long to be a name. */
int raw_name(const char *field, struct bytes text, struct err *e);

/* Checks 0 <= time < 2^36; the error suggests milliseconds where that is what it looks like. */
int raw_time_range(const char *field, double time, struct err *e);

#endif
