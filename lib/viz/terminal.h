/* Pieces of pictures for terminals: bars and shades from block characters. */
#ifndef VIZ_TERMINAL_H
#define VIZ_TERMINAL_H

#include <stdbool.h>

#include "base/buf.h"

struct terminal {
    bool color;     /* shades are colours, of 256; else characters */
    size_t columns; /* of the terminal */
};

/* Whether standard output is a terminal.  If so, sets its width, and `color` unless NO_COLOR is
 * set. */
bool terminal_of_stdout(struct terminal *b);

/* A bar of up to `columns`, in eighths of a column, filled up with spaces. */
void terminal_bar(struct buf *to, double share, size_t columns);

/* A shade, two columns wide. */
void terminal_shade(const struct terminal *b, struct buf *to, double share);

/* A legend of the shades. */
void terminal_legend(const struct terminal *b, struct buf *to, const char *low, const char *high);

/* A heading, a line. */
void terminal_title(const struct terminal *b, struct buf *to, const char *title);

/* `columns` of spaces. */
void terminal_pad(struct buf *to, size_t columns);

#endif
