/* The threads of a block as fibers of the calling thread.  A fiber runs one thread after another
 * until one has to wait; only then does the next one need a stack of its own. */
#include "inside.h"

#include <sys/mman.h>

#if defined __has_include && __has_include(<sanitizer/common_interface_defs.h>)
#include <sanitizer/common_interface_defs.h>
#endif

/* Stacks that begin at the same place of a page would share few lines of the cache, so each is a
 * bit shorter than the one before. */
static const size_t STACK = 256 << 10, GUARD = 4096, SHORTER = 576;

struct fiber {
    void *saved; /* stack pointer, or context, of a fiber that does not run */
    char *stack;
    const void *bottom; /* for AddressSanitizer: the stack, and data of its own */
    size_t size;
    void *notes;
};

static struct fiber host, fibers[1024];
static struct fiber *running = &host, *previous;
static int made;
static struct fiber *idle[1024];
static int idle_count;

static struct fiber *of_thread[1024];
static int ready[1024], ready_from, ready_to, fresh, count, ended;
static const int *turns;

/* ---- switching ---- */

static void fiber_main(void);

#ifdef __x86_64__

/* Saves the registers that a call preserves, switches the stack, and restores them from it. */
extern "C" void emulated_switch(void **from, void *to);
__asm__(".text\n"
        ".globl emulated_switch\n"
        ".hidden emulated_switch\n"
        ".type emulated_switch, @function\n"
        "emulated_switch:\n"
        "    push %rbp\n    push %rbx\n    push %r12\n    push %r13\n    push %r14\n    push %r15\n"
        "    mov %rsp, (%rdi)\n"
        "    mov %rsi, %rsp\n"
        "    pop %r15\n    pop %r14\n    pop %r13\n    pop %r12\n    pop %rbx\n    pop %rbp\n"
        "    ret\n"
        ".size emulated_switch, .-emulated_switch\n");

static void fiber_prepare(struct fiber *f)
{
    void **top = (void **)(f->stack + f->size) - 1; /* as after a call: 8 off 16 */
    *--top = (void *)fiber_main;
    f->saved = top - 6;
}

static void change(struct fiber *from, struct fiber *to)
{
    emulated_switch(&from->saved, to->saved);
}

#else

#include <ucontext.h>

static ucontext_t contexts[1025];

static ucontext_t *context(struct fiber *f)
{
    return &contexts[f == &host ? 1024 : f - fibers];
}

static void fiber_prepare(struct fiber *f)
{
    getcontext(context(f));
    context(f)->uc_stack.ss_sp = f->stack;
    context(f)->uc_stack.ss_size = f->size;
    makecontext(context(f), fiber_main, 0);
}

static void change(struct fiber *from, struct fiber *to)
{
    swapcontext(context(from), context(to));
}

#endif

#ifdef __SANITIZE_ADDRESS__

static void leave(struct fiber *from, struct fiber *to)
{
    __sanitizer_start_switch_fiber(&from->notes, to->bottom, to->size);
}

/* Tells AddressSanitizer that the switch is complete, and stores the host's stack if it came from
 * there. */
static void arrived(struct fiber *at)
{
    const void *bottom;
    size_t size;
    __sanitizer_finish_switch_fiber(at->notes, &bottom, &size);
    if (previous == &host) {
        host.bottom = bottom;
        host.size = size;
    }
}

#else

static void leave(struct fiber *, struct fiber *)
{
}

static void arrived(struct fiber *)
{
}

#endif

static void go_to(struct fiber *to)
{
    struct fiber *from = running;
    if (to == from)
        return;
    previous = from;
    running = to;
    leave(from, to);
    change(from, to);
    arrived(from);
}

/* ---- fibers ---- */

static struct fiber *next_fiber(void);

static void fiber_main(void)
{
    struct fiber *self = running;
    arrived(self);
    for (;;) {
        while (fresh < count) {
            int i = turns[fresh++];
            of_thread[i] = self;
            one_thread(i);
            ended++;
        }
        struct fiber *next = next_fiber();
        idle[idle_count++] = self;
        go_to(next);
    }
}

static struct fiber *idle_fiber(void)
{
    if (idle_count)
        return idle[--idle_count];
    struct fiber *f = &fibers[made++];
    char *at = (char *)mmap(NULL, GUARD + STACK, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED || mprotect(at, GUARD, PROT_NONE))
        emulation_die("no memory for the stack of a thread");
    f->stack = at + GUARD;
    f->bottom = f->stack;
    f->size = STACK - (size_t)(f - fibers) * SHORTER % (32 << 10) / 64 * 64;
    fiber_prepare(f);
    return f;
}

bool threads_fault(const void *p)
{
    for (int i = 0; i < made; i++)
        if ((const char *)p >= fibers[i].stack - GUARD && (const char *)p < fibers[i].stack)
            return true;
    return false;
}

/* ---- turns ---- */

void threads_go(int i)
{
    ready[ready_to++] = i;
}

/* Sorts the threads that may continue into the order of turns. */
static void sort_ready(void)
{
    bool goes[1024] = {false};
    for (int i = 0; i < ready_to; i++)
        goes[ready[i]] = true;
    int n = 0;
    for (int i = 0; i < count; i++)
        if (goes[turns[i]])
            ready[n++] = turns[i];
}

/* The next fiber to run; called by one that has to wait. */
static struct fiber *next_fiber(void)
{
    if (fresh < count)
        return idle_fiber();
    if (ended == count)
        return &host;
    if (ready_from == ready_to) {
        ready_from = ready_to = 0;
        all_stopped();
        sort_ready();
    }
    return of_thread[ready[ready_from++]];
}

void threads_stop(int)
{
    go_to(next_fiber());
}

void threads_run(int threads, const int *order)
{
    count = threads;
    turns = order;
    fresh = ended = ready_from = ready_to = 0;
    go_to(next_fiber());
}
