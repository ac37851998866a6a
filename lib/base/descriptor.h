/* Open descriptors that other programs may share and have changed. */
#ifndef BASE_DESCRIPTOR_H
#define BASE_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* open(2) for reading, with more flags than O_RDONLY | O_CLOEXEC; again where a signal interrupts
 * it, as it may on what a network or a program of the user holds. */
int descriptor_open(const char *path, int flags);

/* One read(2), as if no signal came and as if the descriptor were blocking: another program that
 * shares a terminal or pipe may have made it non-blocking. */
ssize_t descriptor_read(int fd, void *to, size_t room);

/* Whether a read would not have to wait: there is something to read, or the end, or an error. */
bool descriptor_ready(int fd);

#endif
