/* Linked into the programs of VARIANT=cov: counters reach their files before _exit and before a
 * signal that a handler raises again, both of which end a program without exit's handlers. */
#include <signal.h>

void __gcov_dump(void);
void __gcov_reset(void);
void __real__exit(int status) __attribute__((noreturn));
int __real_raise(int number);
void __wrap__exit(int status) __attribute__((noreturn));
int __wrap_raise(int number);

static void dump(void)
{
    __gcov_dump();
    __gcov_reset(); /* what was dumped is not counted again at the exit */
}

void __wrap__exit(int status)
{
    dump();
    __real__exit(status);
}

int __wrap_raise(int number)
{
    dump();
    return __real_raise(number);
}
