/* A folder of SVG files. */
#ifndef VIZ_FOLDER_H
#define VIZ_FOLDER_H

#include "base/buf.h"
#include "base/err.h"

/* Makes the folder if it is missing.  73: it cannot be made, or is no folder. */
int folder_make(const char *folder, struct err *e);

/* Writes what svg_begin .. svg_end appended to FOLDER/PREFIXNAME.svg, which gets its name when it
 * is complete.  73, 74: it cannot be created or written. */
int folder_write(const char *folder, const char *prefix, const char *name, const struct buf *svg,
                 struct err *e);

#endif
