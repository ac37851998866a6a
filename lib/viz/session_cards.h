/* Cards of sessions, side by side: when each session was, and its items. */
#ifndef VIZ_SESSION_CARDS_H
#define VIZ_SESSION_CARDS_H

#include "viz/attended.h"
#include "viz/names.h"

enum {
    SIDE_ITEMS = 12, /* lines of items */
    SIDE_LINE = 14,  /* height of one */
};

/* How many of n sessions are in a row, if rows of up to `most` are filled evenly. */
size_t side_row_length(size_t n, size_t most);

/* The height of a card for the longest of n sessions. */
double side_card_height(const struct attended *s, size_t n);

/* Draws a card. */
void side_card(const struct run_names *c, const struct attended *s, double x, double y,
               double width, double height, struct buf *to);

#endif
