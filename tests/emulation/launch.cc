/* Runs kernels, and reports what goes wrong in them. */
#include "inside.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <map>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

static std::recursive_mutex lock;
static int calls; /* depth of nested calls */

static const char *working; /* name of the current work; NULL: the host's own code */
static const emulated_launch *kernel;
static char last_work[200];

bool emulation_set(const char *name, const char *value)
{
    const char *set = getenv(name);
    return set && !strcmp(set, value);
}

host_call::host_call()
{
    lock.lock();
    calls++;
}

host_call::~host_call()
{
    if (!--calls)
        memory_close_all();
    lock.unlock();
}

/* ---- messages ---- */

void work_describe(char *to, size_t room)
{
    if (kernel)
        snprintf(to, room, "kernel %s, block (%u, %u, %u), thread (%u, %u, %u)", working,
                 blockIdx.x, blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z);
    else if (working)
        snprintf(to, room, "%s", working);
    else if (last_work[0])
        snprintf(to, room, "the host, after %s", last_work);
    else
        snprintf(to, room, "the host");
}

void emulation_die(const char *format, ...)
{
    char where[300], text[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    work_describe(where, sizeof where);
    fprintf(stderr, "emulation: %s: %s\n", where, text);
    fflush(stderr);
    abort();
}

/* ---- memory faults ---- */

static struct sigaction previous;

static void fault(int, siginfo_t *info, void *)
{
    char why[300];
    const void *p = info->si_addr;
    if (memory_is_device(p)) {
        if (memory_fault(p, why, sizeof why))
            return;
        emulation_die("%s", why);
    }
    if (shared_fault(p, why, sizeof why))
        emulation_die("%s", why);
    if (threads_fault(p))
        emulation_die("the stack of a thread is full");
    if (working) {
        work_describe(why, sizeof why);
        fprintf(stderr, "emulation: %s: touches %p, which is not memory of the device\n", why, p);
    }
    sigaction(SIGSEGV, &previous, NULL); /* the fault then occurs again, without this handler */
}

#ifdef __SANITIZE_ADDRESS__
/* After a report of AddressSanitizer or UndefinedBehaviorSanitizer, which end the process. */
static void after_report(void)
{
    char where[300];
    work_describe(where, sizeof where);
    fprintf(stderr, "emulation: %s: it ended with the report above\n", where);
}
#endif

/* The handler has a stack of its own: a thread's may be full. */
static void watch_faults(void)
{
    static bool watching;
    static char stack[64 << 10];
    if (watching)
        return;
    watching = true;
    stack_t other = {};
    other.ss_sp = stack;
    other.ss_size = sizeof stack;
    sigaltstack(&other, NULL);
    struct sigaction action = {};
    action.sa_sigaction = fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigaction(SIGSEGV, &action, &previous);
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_set_death_callback(after_report);
#endif
}

device_work::device_work(const char *what, const emulated_launch *launch)
{
    watch_faults();
    working = what;
    kernel = launch;
}

device_work::~device_work()
{
    memory_check_borders();
    snprintf(last_work, sizeof last_work, "%s%s", kernel ? "kernel " : "", working);
    working = NULL;
    kernel = NULL;
}

/* ---- launches ---- */

static std::map<const void *, int> allowed_shared;

static const size_t SHARED_DEFAULT = 48 << 10, SHARED_LIMIT = 163 << 10;

cudaError_t emulated_allow_shared(const void *function, int bytes)
{
    host_call held;
    if (bytes < 0 || (size_t)bytes > SHARED_LIMIT) {
        emulation_fail(cudaErrorInvalidValue);
        return cudaErrorInvalidValue;
    }
    allowed_shared[function] = bytes;
    return cudaSuccess;
}

cudaError_t emulated_resident_blocks(int *blocks, int threads, size_t shared)
{
    *blocks = threads < 1 || threads > 1024 || shared > SHARED_LIMIT ? 0 : 2048 / threads;
    while (*blocks && (size_t)*blocks * (shared + 1024) > SHARED_LIMIT + 1024)
        --*blocks;
    return cudaSuccess;
}

static bool is_legal(const emulated_launch &l)
{
    auto allowed = allowed_shared.find(l.function);
    size_t most = allowed == allowed_shared.end() ? SHARED_DEFAULT : (size_t)allowed->second;
    uint64_t threads = (uint64_t)l.block.x * l.block.y * l.block.z;
    return threads >= 1 && threads <= 1024 && l.block.z <= 64 && l.grid.x >= 1 && l.grid.y >= 1 &&
           l.grid.z >= 1 && l.grid.x < 1u << 31 && l.grid.y < 1u << 16 && l.grid.z < 1u << 16 &&
           l.shared <= (most > SHARED_DEFAULT ? most : SHARED_DEFAULT);
}

static void run_blocks(const emulated_launch &l, const thread_order &order)
{
    uint64_t count = (uint64_t)l.grid.x * l.grid.y * l.grid.z;
    for (uint64_t turn = 0; turn < count; turn++) {
        uint64_t i = order.kind == thread_order::FORWARD ? turn : count - 1 - turn;
        block_run(l,
                  uint3{(unsigned)(i % l.grid.x), (unsigned)(i / l.grid.x % l.grid.y),
                        (unsigned)(i / l.grid.x / l.grid.y)},
                  order);
    }
}

static const thread_order ORDERS[] = {{thread_order::FORWARD, 0xffffffffu},
                                      {thread_order::BACKWARD, 0x3f9d70a4u}, /* 1.23 */
                                      {thread_order::SHUFFLED, 0}};

static void run(const emulated_launch &l)
{
    device_work work(l.kernel, &l);
    if (!emulation_set("EMULATED_ORDER", "all")) {
        run_blocks(l, ORDERS[emulation_set("EMULATED_ORDER", "backward")   ? 1
                             : emulation_set("EMULATED_ORDER", "shuffled") ? 2
                                                                           : 0]);
        return;
    }
    char difference[100];
    memory_remember();
    for (const thread_order &order : ORDERS) {
        if (&order != ORDERS)
            memory_rewind();
        run_blocks(l, order);
        if (&order == ORDERS)
            memory_keep_result();
        else if (!memory_same_result(difference, sizeof difference))
            emulation_die("it writes other bytes (%s) when threads and blocks run in another "
                          "order: a barrier is missing, two threads write one place, or shared "
                          "memory is read before it is written",
                          difference);
    }
    memory_close_all();
}

void emulated_enqueue(cudaStream_t stream, const emulated_launch &l)
{
    host_call held;
    if (!is_legal(l)) {
        fprintf(stderr,
                "emulation: kernel %s: no such launch: grid (%u, %u, %u), block (%u, %u, %u), %zu "
                "bytes of shared memory\n",
                l.kernel, l.grid.x, l.grid.y, l.grid.z, l.block.x, l.block.y, l.block.z, l.shared);
        emulation_fail(cudaErrorInvalidConfiguration);
        return;
    }
    work_trace("kernel %s", l.kernel);
    stream_enqueue(stream, [l] { run(l); });
}
