/* A folder of pictures, each an SVG file of its own. */
#ifndef VIZ_FOLDER_H
#define VIZ_FOLDER_H

#include "base/buf.h"
#include "base/err.h"

/* Makes the folder where it is missing; 73: it cannot be made, or something else is there. */
int folder_make(const char *folder, struct err *e);

/* Writes FOLDER/PREFIX NAME.svg, without the space, from what svg_begin .. svg_end appended; it
 * takes its name when it is whole.  73, 74: it cannot be created or written. */
int folder_write(const char *folder, const char *prefix, const char *name, const struct buf *svg,
                 struct err *e);

#endif
