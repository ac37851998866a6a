/* Errors of the library: a status as in sysexits.h and one line of text.
 *
 * A function that can fail takes a `struct err *` last and returns 0 or the status it set, so that
 * a caller passes failure on with `return`.  The text says what happened and, where it helps, what
 * to do; the program puts its own name before it. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum status {
    STATUS_OK = 0,
    STATUS_FAIL = 1,         /* the run itself failed: training diverged */
    STATUS_USAGE = 64,       /* wrong usage */
    STATUS_DATA = 65,        /* bad or truncated data */
    STATUS_NOINPUT = 66,     /* no such input */
    STATUS_UNAVAILABLE = 69, /* the asked-for device is absent */
    STATUS_MEMORY = 71,      /* out of memory */
    STATUS_CANTCREATE = 73,  /* an output cannot be created */
    STATUS_IO = 74,          /* read or write failed, a full disk included */
    STATUS_LOCKED = 75,      /* another run holds the file */
    STATUS_VERSION = 76,     /* a stream of another major version */
};

struct err {
    int status;
    char text[1000];
};

/* Sets *e and returns `status`.  A text that is already there is replaced. */
int err_set(struct err *e, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "place: " before the text of *e (file names, record numbers); returns its status. */
int err_at(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
