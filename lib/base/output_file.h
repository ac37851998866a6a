/* Output files that are complete or do not exist.
 *
 * An output is stdout, or a file that has a temporary name until everything is written
 * (base/part_file.h). So an output that exists is complete.  It is written where its name leads
 * (base/output_path.h): symbolic links are followed, devices and pipes are written to directly.
 * Writes survive short writes and interruptions; a full disk, also one that shows at the last
 * close, is an error. */
#ifndef BASE_OUTPUT_FILE_H
#define BASE_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct output_file {
    int fd;
    char *path;      /* the name to take at commit; NULL = stdout */
    char *temporary; /* the name until then; NULL: written to directly */
    bool kept;       /* the temporary file outlives a failure */
    bool gone;       /* the reader went away: what is written is lost */
};

/* Opens `path` (NULL or "-": stdout), and removes what killed processes left of it.  73: a folder,
 * or one in which no file can be created. */
int output_file_open(struct output_file *s, const char *path, struct err *e);

/* The same for a file that is not written from its beginning to its end: devices and pipes are
 * refused (73). */
int output_file_open_whole(struct output_file *s, const char *path, struct err *e);

/* Whether output_file_open will do: leaves nothing, and opens no pipe.  73. */
int output_file_check(const char *path, struct err *e);

/* Continues what another run wrote beside `path` and left there: cuts its file `temporary` to
 * `length` bytes. The file is kept. 65: it is shorter; 66: it does not exist. */
int output_file_continue(struct output_file *s, const char *path, const char *temporary,
                         uint64_t length, struct err *e);

/* Puts what was written on the disk and keeps the temporary file for output_file_continue, even if
 * the program fails; *length (may be NULL) is its length. 74. */
int output_file_keep(struct output_file *s, uint64_t *length, struct err *e);

/* Gives a kept temporary file the name of part_file_kept, under which no other process removes it
 * when this one is killed.  74. */
int output_file_name_kept(struct output_file *s, struct err *e);

/* Writes all n bytes.  Where the reader has gone, SIGPIPE ends the program silently; after
 * signals_catch the signal is noted, and the rest is lost. */
int output_file_write(struct output_file *s, const void *bytes, size_t n, struct err *e);

/* Syncs, closes and renames, and syncs the folder; for stdout closes.  The file is closed in any
 * case; after a failure `path` is what it was before.  A file that is replaced gives the new
 * one its mode and, where that can be, its owner. */
int output_file_commit(struct output_file *s, struct err *e);

/* Closes the temporary file and removes it, unless it is kept; `path` stays what it was. */
void output_file_discard(struct output_file *s);

#endif
