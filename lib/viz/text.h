/* Names made harmless for pages, pictures and terminals: they come from logs and may be anything.
 *
 * Clean text is UTF-8 that XML allows, without control characters, without marks that change the
 * direction of the text around them, and without many combining marks on one character. */
#ifndef VIZ_TEXT_H
#define VIZ_TEXT_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends `name`, cleaned and cut to `columns` with "…" at its end (0: no limit).  Line breaks and
 * tabs become spaces; bytes that are not UTF-8 and harmful characters become U+FFFD.  True: it was
 * cut. */
bool text_clean(struct buf *to, struct bytes name, size_t columns);

/* Columns that clean text takes in a terminal: 2 for wide characters, 0 for combining marks. */
size_t text_columns(struct bytes clean);

/* Whether any character of it runs from right to left. */
bool text_is_rtl(struct bytes clean);

/* Appends text as content or as the value of an attribute of XML and HTML. */
void text_escape(struct buf *to, struct bytes text);

/* Appends `name` cleaned and escaped. */
void text_markup(struct buf *to, struct bytes name, size_t columns);

/* Appends `name` cleaned for a terminal; `fill` fills it up with spaces to `columns`.  A name from
 * right to left is isolated (U+2068, U+2069), so that it does not affect the text around it. */
void text_terminal(struct buf *to, struct bytes name, size_t columns, bool fill);

#endif
