/* Pieces of pictures for terminals: bars and shades from block characters. */
#ifndef VIZ_TERMINAL_H
#define VIZ_TERMINAL_H

#include <stdbool.h>

#include "base/buf.h"

struct blocks {
    bool color;     /* shades by colour, of 256; else by characters */
    size_t columns; /* of the terminal */
};

/* What standard output is: true, with its width and whether it may have colours (NO_COLOR), where
 * it is a terminal. */
bool blocks_of_stdout(struct blocks *b);

/* A bar of up to `columns`, in eighths of one, and spaces up to there. */
void blocks_bar(struct buf *to, double share, size_t columns);

/* A shade, two columns wide. */
void blocks_shade(const struct blocks *b, struct buf *to, double share);

/* A legend of the shades. */
void blocks_legend(const struct blocks *b, struct buf *to, const char *low, const char *high);

/* A heading, a line. */
void blocks_title(const struct blocks *b, struct buf *to, const char *title);

/* `columns` of spaces. */
void blocks_pad(struct buf *to, size_t columns);

#endif
