/* The memory that a program can have at most. */
#ifndef BASE_MACHINE_MEMORY_H
#define BASE_MACHINE_MEMORY_H

#include <stddef.h>

/* Bytes of memory and swap space of this machine, or of its container, if that has a limit.  More
 * than that may be promised by the system, which then ends the program when it is used.  SIZE_MAX:
 * not known.  Allocates nothing. */
size_t machine_memory(void);

#endif
