#include "viz/terminal.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/terminal.h"
#include "viz/text.h"

bool terminal_of_stdout(struct terminal *b)
{
    const char *no_color = getenv("NO_COLOR");
    size_t columns = terminal_columns(STDOUT_FILENO);
    if (!columns)
        return false;
    b->color = !no_color || !*no_color;
    b->columns = columns;
    return true;
}

void terminal_pad(struct buf *to, size_t columns)
{
    while (columns--)
        buf_byte(to, ' ');
}

void terminal_bar(struct buf *to, double share, size_t columns)
{
    static const char *const eighth[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    size_t eighths = (size_t)(share * (double)columns * 8 + 0.5), whole = eighths / 8;
    for (size_t i = 0; i < whole; i++)
        buf_text(to, "█");
    buf_text(to, eighth[eighths % 8]);
    terminal_pad(to, columns - whole - (eighths % 8 > 0));
}

void terminal_shade(const struct terminal *b, struct buf *to, double share)
{
    /* from dark violet over blue and green to light yellow: lighter step by step, and different
     * for colour-blind people too, on dark and light backgrounds */
    static const int color[] = {54, 61, 67, 73, 79, 114, 150, 186, 229};
    static const char *const shade[] = {"  ", "░░", "▒▒", "▓▓", "██"};
    if (b->color)
        buf_format(to, "\033[38;5;%dm██\033[0m", color[(size_t)(share * 8 + 0.5)]);
    else
        buf_text(to, shade[(size_t)(share * 4 + 0.5)]);
}

void terminal_legend(const struct terminal *b, struct buf *to, const char *low, const char *high)
{
    size_t steps = b->color ? 9 : 5;
    buf_format(to, "%s ", low);
    for (size_t i = 0; i < steps; i++)
        terminal_shade(b, to, (double)i / (double)(steps - 1));
    buf_format(to, " %s\n", high);
}

void terminal_title(const struct terminal *b, struct buf *to, const char *title)
{
    buf_text(to, b->color ? "\033[1m" : "");
    text_terminal(to, bytes_of(title), b->columns, false);
    buf_text(to, b->color ? "\033[0m\n" : "\n");
}
