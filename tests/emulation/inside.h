/* What the parts of the emulation share.  They are built without ThreadSanitizer, which would take
 * their locks for synchronization of the kernels. */
#ifndef EMULATION_INSIDE_H
#define EMULATION_INSIDE_H

#include <mutex>

#include "cuda_runtime.h"

/* Exists during every call from the host.  Calls come one at a time; when one returns, device
 * memory is closed. */
class host_call
{
  public:
    host_call();
    ~host_call();
};

/* Prints "emulation: ", the current work and the message; aborts. */
[[noreturn]] void emulation_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether the environment variable `name` is `value`. */
bool emulation_set(const char *name, const char *value);

/* ---- the current work: while one of these exists, device memory may be accessed (it stays open
 * until the call from the host returns) ---- */

class device_work
{
  public:
    explicit device_work(const char *what, const emulated_launch *launch = nullptr);
    ~device_work();
};

const emulated_launch *work_launch(void); /* the running kernel, or NULL */
/* "kernel k, block (0, 0, 0), thread (3, 0, 0)", "cudaMemcpy", or "the host, after kernel k". */
void work_describe(char *to, size_t room);

/* Writes a line into the file that EMULATED_TRACE names, if any: "kernel NAME", "product M N K",
 * "copy to-device BYTES" (to-host, within), "fill BYTES". */
void work_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- memory ---- */

bool memory_is_device(const void *p); /* whether p is in the device's part of the address space */
bool memory_is_pinned(const void *p);
/* Opens p .. p+bytes, which must be in one allocation. */
void memory_open(const char *what, const void *p, size_t bytes);
/* Dies unless one allocation holds that range. */
void memory_require(const char *call, const char *what, const void *p, size_t bytes);
/* Opens the memory at p if it may be accessed now; else returns false and the reason. */
bool memory_fault(const void *p, char *why, size_t room);
void memory_close_all(void);
/* Dies if something was written outside the open allocations. */
void memory_check_borders(void);

/* Closes all memory, and saves the contents of what is accessed until it is closed again. */
void memory_remember(void);
void memory_keep_result(void); /* the current contents are the first result */
void memory_rewind(void);      /* restores the saved contents */
bool memory_same_result(char *difference, size_t room);

/* The dynamic shared memory of a block. */
void *shared_place(size_t bytes);
bool shared_fault(const void *p, char *why, size_t room);

/* ---- the threads of a block ---- */

struct thread_order {
    enum { FORWARD, BACKWARD, SHUFFLED } kind;
    uint32_t garbage; /* initial contents of shared memory */
};

/* Fills `to` with a permutation of 0..n-1 for that order. */
void order_fill(const thread_order &o, int n, int *to);
void block_run(const emulated_launch &l, uint3 index, const thread_order &order);

/* fibers.cc, or threads.cc with real threads.  Calls one_thread(i) for each i, in this order where
 * threads have one.  A thread that calls threads_stop(i) waits for threads_go(i).  When none can
 * continue, all_stopped() releases some. */
void threads_run(int count, const int *order);
void threads_stop(int i);
void threads_go(int i);
bool threads_fault(const void *p); /* p is beyond the stack of a thread */
void one_thread(int i);
void all_stopped(void);

/* ---- streams ---- */

void stream_enqueue(cudaStream_t stream, std::function<void()> work);
void streams_finish(void);
void emulation_fail(cudaError_t error); /* sets what cudaGetLastError returns next */

#endif
