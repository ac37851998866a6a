/* A binary heap over any array of its caller.  The functions here see only places: 0 is the top,
 * and the children of i are 2i + 1 and 2i + 2.  The caller's two functions are constants in each
 * call, so that the compiler inlines them. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Whether what is at place a belongs above what is at place b. */
typedef bool heap_above(const void *heap, size_t a, size_t b);
typedef void heap_exchange(void *heap, size_t a, size_t b);

#define HEAP_INLINE static inline __attribute__((always_inline))

/* Moves what is at `place` down to where it belongs among the first n. */
HEAP_INLINE void heap_sink(void *heap, size_t n, size_t place, heap_above *above,
                           heap_exchange *exchange)
{
    for (size_t child; (child = 2 * place + 1) < n; place = child) {
        if (child + 1 < n && above(heap, child + 1, child))
            child++;
        if (!above(heap, child, place))
            return;
        exchange(heap, place, child);
    }
}

/* Moves what is at `place` up to where it belongs. */
HEAP_INLINE void heap_rise(void *heap, size_t place, heap_above *above, heap_exchange *exchange)
{
    for (; place && above(heap, place, (place - 1) / 2); place = (place - 1) / 2)
        exchange(heap, place, (place - 1) / 2);
}

/* Makes a heap of n that are in any order. */
HEAP_INLINE void heap_make(void *heap, size_t n, heap_above *above, heap_exchange *exchange)
{
    for (size_t place = n / 2; place-- > 0;)
        heap_sink(heap, n, place, above, exchange);
}

#endif
