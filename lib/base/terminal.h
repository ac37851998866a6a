/* The terminal behind a descriptor. */
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Whether an output of that name (NULL or "-": standard output) goes to a terminal. */
bool terminal_takes(const char *output);

/* Its width, 80 where it does not say; 0: there is no terminal. */
size_t terminal_columns(int fd);

#endif
