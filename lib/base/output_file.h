/* Outputs that are whole or not there.
 *
 * A sink is stdout, or a file that is written beside its name and renamed to it when everything
 * has been written, so that an output that exists is complete.  Writes survive short writes and
 * interruptions; a full disk, also one that shows at the last close, is an error. */
#ifndef BASE_OUTPUT_FILE_H
#define BASE_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct output_file {
    int fd;
    char *path;      /* the name to take at commit; NULL = stdout */
    char *temporary; /* the name until then */
    bool kept;       /* the temporary file outlives a failure */
    bool gone;       /* the reader went away: what is written is lost */
};

/* Opens `path` (NULL or "-": stdout).  An existing path that is not a regular file is refused,
 * a folder that cannot be written to as well (73). */
int output_file_open(struct output_file *s, const char *path, struct err *e);

/* The same for who has locked `path` (base/lock.h): the temporary file has the name PATH.part, and
 * takes the place of one that a killed run left. */
int output_file_open_locked(struct output_file *s, const char *path, struct err *e);

/* Goes on with what another run wrote beside `path` and left there: cuts its file `temporary` to
 * `length` bytes.  It is kept.  65: it is shorter; 66: it is not there. */
int output_file_continue(struct output_file *s, const char *path, const char *temporary,
                         uint64_t length, struct err *e);

/* The temporary file so far is safe on the disk, and stays there whatever happens to the program,
 * for output_file_continue; *length (may be NULL) is what it holds.  74. */
int output_file_keep(struct output_file *s, uint64_t *length, struct err *e);

/* Writes all n bytes.  A reader that went away ends the program by SIGPIPE, silently; after
 * signals_catch it is noted, and the rest is lost. */
int output_file_write(struct output_file *s, const void *bytes, size_t n, struct err *e);

/* Syncs, closes and renames, and syncs the folder; for stdout closes.  The sink is closed whatever
 * happens; after a failure nothing but the file from before stands under the name. */
int output_file_commit(struct output_file *s, struct err *e);

/* Closes and, unless it is kept, removes the temporary file; what stood under the name stays. */
void output_file_discard(struct output_file *s);

/* Removes the temporary files of all open sinks: safe in signal handlers. */
void output_file_discard_all(void);

#endif
