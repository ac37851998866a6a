/* The terminal behind a descriptor. */
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

#include <stddef.h>

/* Its width, 80 where it does not say; 0: there is no terminal. */
size_t terminal_columns(int fd);

#endif
