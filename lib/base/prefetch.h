/* Functions that only prefetch. */
#ifndef BASE_PREFETCH_H
#define BASE_PREFETCH_H

/* gcc takes a function that does nothing but prefetch for one without an effect, and leaves out
 * what calls it, unless it is part of its caller before gcc looks. */
#define PREFETCH static inline __attribute__((always_inline)) void

#endif
