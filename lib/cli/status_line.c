/* The one line of the terminal that progress is shown on. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/terminal.h"
#include "cli/private.h"
#include "cli/progress.h"

/* Called by signal handlers too. */
void progress_clear(struct cli *cli)
{
    char blank[LINE_WIDEST + 2];
    size_t n = cli->width;
    if (!n)
        return;
    cli->width = 0;
    memset(blank, ' ', sizeof blank);
    blank[0] = blank[n + 1] = '\r';
    (void)!write(STDERR_FILENO, blank, n + 2);
}

/* Locks the terminal, so that only one program of a pipeline shows progress. Where the system has
 * no such lock, all do. */
static bool hold_line(struct cli *cli)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (!cli->held)
        cli->held = !fcntl(STDERR_FILENO, F_SETLK, &lock) || (errno != EACCES && errno != EAGAIN);
    return cli->held;
}

void status_line_stop(struct cli *cli)
{
    struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    progress_clear(cli);
    if (cli->held)
        fcntl(STDERR_FILENO, F_SETLK, &lock);
    cli->text = cli->held = false;
}

/* Writes the line and blanks over the rest of a longer one before, and sets the cursor to the
 * start, so that another program's output covers the line. */
void status_line_put(struct cli *cli, const struct buf *text)
{
    char line[2 * LINE_WIDEST + 4];
    size_t columns = terminal_columns(STDERR_FILENO), n = text->len, before = cli->width;
    if (columns <= 1 || !hold_line(cli))
        return;
    if (n > columns - 1)
        n = columns - 1;
    if (n > LINE_WIDEST)
        n = LINE_WIDEST;
    size_t blanks = before > n && before < columns ? before - n : 0;
    memset(line, ' ', sizeof line);
    memcpy(line, text->at, n);
    line[n + blanks] = '\r';
    cli->width = n;
    (void)!write(STDERR_FILENO, line, n + blanks + 1);
}
