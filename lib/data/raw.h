/* Raw logs: one row is one event of one user. */
#ifndef DATA_RAW_H
#define DATA_RAW_H

#include "base/json_elements.h"
#include "base/lines.h"
#include "base/text_fields.h"
#include "data/raw_time.h"
#include "stream/record.h" /* NAME_LIMIT */

struct raw_row {
    struct bytes user;
    struct bytes item;    /* the key, which is the item's name in the stream */
    struct bytes title;   /* what users call it, where that is not the key; else empty */
    struct bytes session; /* its name, where the log gives them */
    int64_t time;
    int64_t order;               /* of rows of one second: their fractions, or what the log says */
    const struct bytes *carried; /* values of the format's carried columns */
};

/* What a format says of a row without errors. */
enum raw_verdict {
    RAW_ROW = 0,
    RAW_UNWANTED = -1, /* left out, as --where asks */
    RAW_NOBODY = -2,   /* left out, since it has no user */
    RAW_NO_MORE = -3,  /* of `more`: the line has no row but those before */
    RAW_MANY = -5,     /* `more` gives the rows of the line */
    RAW_OPEN = -4, /* a quoted field goes on in the next line; if there is none, the error is *e */
};

/* A format: how a line is read.  On a wrong line the functions return 65 with a text that names the
 * field. They fill *row, which holds zeros or an earlier row before; it is valid until the next
 * call. */
struct raw_format {
    void *state;
    const char *name; /* "a Last.fm log" */
    /* Fields between these may be quoted, with line ends in them; NULL or empty: none may. */
    const struct bytes *delimiter;
    /* The first line of an input: 0, RAW_ROW_TOO for one that is a row already, or RAW_BEFORE for
     * one that the first line follows; NULL: all are rows. */
    int (*header)(void *state, struct bytes line, struct err *e);
    int (*row)(void *state, struct bytes line, struct raw_row *row, struct err *e);
    /* Where `row` says that a line has several rows (RAW_MANY), this gives one after the other. */
    int (*more)(void *state, struct raw_row *row, struct err *e);
    bool json; /* lines or elements of arrays are JSON, which other formats refuse by name */
    struct line_fields *fields; /* what lines are split into as they are read; NULL: they are not */
    const bool
        *sessions; /* rows name their session, as the first header settles; NULL: they do not */
    const char *const *carried; /* keys of the columns that rows carry into the stream */
    size_t carried_count;
    const struct raw_clock *clock; /* whose guess is to be said; NULL: it does not guess */
    const char *list_delimiter;    /* the same of what separates items of a list; NUL: no guess */
};
enum { RAW_ROW_TOO = -1, RAW_BEFORE = -2 };

/* Last.fm 1K: user, ISO 8601 time, artist id, artist name, track id, track name, by tabs.  The key
 * is the id, or where that is empty the artist's name; of a track "artist – track". */
struct lastfm {
    bool track;        /* the item is the track, not the artist */
    struct buf joined; /* "artist – track" */
    struct bytes columns[6];
    struct line_fields fields; /* of columns */
    struct raw_clock clock;
};
struct raw_format lastfm_format(struct lastfm *l);
void lastfm_release(struct lastfm *l);

/* CSV with a header that names username, subreddit and utc (seconds), in any order. */
struct reddit {
    size_t columns, user, item, time; /* their number, and the place of each */
    struct buf unquoted;
};
struct raw_format reddit_format(struct reddit *r);
void reddit_release(struct reddit *r);

struct raw_log {
    struct lines lines;
    struct json_elements elements; /* of them, where the format is JSON */
    struct raw_format format;
    bool skip_bad;
    bool open_end;     /* from a pipe, too, the last line may lack its end; set after raw_open */
    struct buf header; /* of the input, as it is there */
    bool begun;        /* the input has a line that is not empty */
    bool any;          /* an input has a line of rows, of none perhaps */
    bool in_line;      /* the format has rows of the line left */
    bool held;         /* raw_begin has read the row below */
    struct raw_row first;
    uint64_t rows, bad;         /* rows in all, and those of them that could not be parsed */
    uint64_t unwanted, nobodys; /* those that were left out: see raw_verdict */
    uint64_t broken;      /* before this line, where a quoted field was given up, none begins */
    struct err first_bad; /* what was wrong with the first of those, and where */
};

/* `meter` counts what is read; NULL: nobody does. */
void raw_open(struct raw_log *log, struct raw_format format, const char *const *paths, int count,
              bool skip_bad, struct input_meter *meter);

/* Reads up to the first row, which the first raw_next then gives: from now on it is known what the
 * format's header settles.  Fails as raw_next does. */
int raw_begin(struct raw_log *log, struct err *e);

/* 1: a row; 0: the end; -1: *e says what is wrong, naming input and line.  A row that cannot be
 * parsed is an error; with skip_bad it is counted and skipped, unless all are bad. So is a last
 * line without end from a pipe, skip_bad or not, unless open_end is set. */
int raw_next(struct raw_log *log, struct raw_row *row, struct err *e);

/* Puts "FILE, line N: " before the text of *e; returns its status. */
int raw_at(const struct raw_log *log, struct err *e);

/* A place in the inputs: line, and record of an array of JSON, from 1; 0: there is no array. */
struct raw_place {
    const char *input;
    uint64_t line, record;
};
struct raw_place raw_place(const struct raw_log *log);          /* of the last row */
int raw_at_place(const struct raw_place *place, struct err *e); /* as raw_at */

void raw_close(struct raw_log *log);

/* ---- what formats share ---- */

/* The status of a row by how its quotes end, after `count` whole fields. */
int raw_quotes(enum fields_end end, size_t count, struct err *e);

/* Checks that a field is neither empty nor too long to be a name; says which it is. */
int raw_no_name(const char *field, struct bytes text, struct err *e);
static inline int raw_name(const char *field, struct bytes text, struct err *e)
{
    return text.len && text.len <= NAME_LIMIT ? 0 : raw_no_name(field, text, e);
}

#endif
