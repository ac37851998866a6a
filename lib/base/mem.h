/* Allocation that succeeds or ends the program.
 *
 * Every allocation of the project goes through here, and those of its libraries are looked at here.
 * When memory runs out, the handler that the program installed is called (it prints a message,
 * removes temporary files and exits with 71); nothing that calls these functions has to look for
 * NULL. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* n bytes, uninitialized; n = 0 gives a pointer that may be freed. */
void *mem_alloc(size_t n);

/* count × size bytes of zeros; an overflow of the product counts as out of memory. */
void *mem_zero(size_t count, size_t size);

/* Like realloc; p may be NULL. */
void *mem_resize(void *p, size_t n);

/* n bytes aligned to 64 (a cache line, the widest vector); freed by mem_free.  What is large fails
 * where all that is held and this are more than the machine has. */
void *mem_aligned(size_t n);

/* A copy of the n bytes at p, with a NUL after it. */
char *mem_copy(const void *p, size_t n);

void mem_free(void *p);

/* Bytes that were allocated here and are not freed, as malloc rounds them, and the most that ever
 * were.  A program takes up to MEM_BESIDE more: its code, libraries, what they allocate. */
size_t mem_held(void);
size_t mem_most_held(void);
enum { MEM_BESIDE = 16 << 20 };

/* From now on what is large is mapped for itself and goes back to the system when it is freed: for
 * programs that have to stay within a limit. */
void mem_give_back(void);

/* Ends the program as a failed allocation of n bytes does: for libraries with allocators of their
 * own. */
void mem_fail(size_t n);

/* The same for what else the system has no more of; `what` is the message. */
void mem_fail_for(const char *what);

/* Called with the message; must not return. */
void mem_on_failure(void (*handler)(const char *what));

/* The nth allocation from now fails (n from 1; 0 turns it off): for tests. */
void mem_fail_at(long n);

#endif
