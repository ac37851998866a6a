/* The one line of the terminal that progress is shown on. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/terminal.h"
#include "cli/private.h"
#include "cli/progress.h"

bool progress_quiet(void)
{
    return cli_context.quiet;
}

/* Called by signal handlers too. */
void progress_clear(void)
{
    char blank[LINE_WIDEST + 2];
    size_t n = cli_context.width;
    if (!n)
        return;
    cli_context.width = 0;
    memset(blank, ' ', sizeof blank);
    blank[0] = blank[n + 1] = '\r';
    (void)!write(STDERR_FILENO, blank, n + 2);
}

/* Locks the terminal, so that only one program of a pipeline shows progress. Where the system has
 * no such lock, all do. */
static bool hold_line(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (!cli_context.held)
        cli_context.held =
            !fcntl(STDERR_FILENO, F_SETLK, &lock) || (errno != EACCES && errno != EAGAIN);
    return cli_context.held;
}

void status_line_stop(void)
{
    struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    progress_clear();
    if (cli_context.held)
        fcntl(STDERR_FILENO, F_SETLK, &lock);
    cli_context.text = cli_context.held = false;
}

/* Writes the line and blanks over the rest of a longer one before, and sets the cursor to the
 * start, so that another program's output covers the line. */
void status_line_put(const struct buf *text)
{
    char line[2 * LINE_WIDEST + 4];
    size_t columns = terminal_columns(STDERR_FILENO), n = text->len, before = cli_context.width;
    if (columns <= 1 || !hold_line())
        return;
    if (n > columns - 1)
        n = columns - 1;
    if (n > LINE_WIDEST)
        n = LINE_WIDEST;
    size_t blanks = before > n && before < columns ? before - n : 0;
    memset(line, ' ', sizeof line);
    memcpy(line, text->at, n);
    line[n + blanks] = '\r';
    cli_context.width = n;
    (void)!write(STDERR_FILENO, line, n + blanks + 1);
}

void progress_fail(void)
{
    cli_context.failed = true;
}
