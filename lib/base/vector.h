/* Vector loops in forms for several processors. */
#ifndef BASE_VECTOR_H
#define BASE_VECTOR_H

/* Compiles a function for several processors; the program selects the best at its start.
 * Sanitizers do not support that selection, and with clang it does not link. */
#if defined __x86_64__ && defined __gnu_linux__ && defined __OPTIMIZE__ && !defined __clang__ &&   \
    !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
#define VECTOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTOR
#endif

#endif
