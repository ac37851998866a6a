/* Inside the emulation: what its parts share.  They are built without ThreadSanitizer: it would
 * take their locks for synchronization of the kernels. */
#ifndef EMULATION_INSIDE_H
#define EMULATION_INSIDE_H

#include <mutex>

#include "cuda_runtime.h"

/* Lives through every call from the host: they come one at a time, and when one returns, device
 * memory is closed. */
class host_call
{
  public:
    host_call();
    ~host_call();
};

/* Prints "emulation: ", what is being done, the message; aborts. */
[[noreturn]] void emulation_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The setting of that name in the environment is `value`. */
bool emulation_set(const char *name, const char *value);

/* ---- what is being done: while one of these lives, device memory may be touched (it stays open
 * until the call from the host returns) ---- */

class device_work
{
  public:
    explicit device_work(const char *what, const emulated_launch *launch = nullptr);
    ~device_work();
};

const emulated_launch *work_launch(void); /* the kernel that runs, or NULL */
/* "kernel k, block (0, 0, 0), thread (3, 0, 0)", "cudaMemcpy", or "the host, after kernel k". */
void work_describe(char *to, size_t room);

/* A line in the file that EMULATED_TRACE names, if it names one: "kernel NAME", "product M N K",
 * "copy to-device BYTES" (to-host, within), "fill BYTES". */
void work_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- memory ---- */

bool memory_is_device(const void *p); /* in the part of the address space that is the device's */
bool memory_is_pinned(const void *p);
/* One allocation must hold p .. p+bytes, which is opened. */
void memory_open(const char *what, const void *p, size_t bytes);
/* Dies unless one allocation holds that. */
void memory_require(const char *call, const char *what, const void *p, size_t bytes);
/* Opens what holds p if it may be touched now; else false, and why. */
bool memory_fault(const void *p, char *why, size_t room);
void memory_close_all(void);
/* Dies if something was written beside what is open. */
void memory_check_borders(void);

/* Closes all, and remembers what stands in all that is touched until it is closed again. */
void memory_remember(void);
void memory_keep_result(void); /* what stands there now is the first result */
void memory_rewind(void);      /* what stood there before */
bool memory_same_result(char *difference, size_t room);

/* The dynamic shared memory of a block. */
void *shared_place(size_t bytes);
bool shared_fault(const void *p, char *why, size_t room);

/* ---- the threads of a block ---- */

struct thread_order {
    enum { FORWARD, BACKWARD, SHUFFLED } kind;
    uint32_t garbage; /* what shared memory is full of at first */
};

/* The permutation of 0..n-1. */
void order_fill(const thread_order &o, int n, int *to);
void block_run(const emulated_launch &l, uint3 index, const thread_order &order);

/* fibers.cc, or threads.cc with real ones: calls one_thread(i) for each i, in this order where
 * there is one; a thread that calls threads_stop(i) waits for threads_go(i).  When none can go on,
 * all_stopped() lets some go. */
void threads_run(int count, const int *order);
void threads_stop(int i);
void threads_go(int i);
bool threads_fault(const void *p); /* it is beyond the stack of one */
void one_thread(int i);
void all_stopped(void);

/* ---- streams ---- */

void stream_enqueue(cudaStream_t stream, std::function<void()> work);
void streams_finish(void);
void emulation_fail(cudaError_t error); /* what cudaGetLastError gives next */

#endif
