/* Opens and closes the device; its memory, copies to it and back; failures. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda.h"
#include "blas.h"

#ifndef CUDA_TARGETS
#define CUDA_TARGETS "an emulation"
#endif

enum { RING_PART = 1 << 20 }; /* bytes */

/* ---- failing ---- */

static void (*on_failure)(void *to, const struct err *why);
static void *on_failure_to;

void cuda_fail(int status, const char *where, const char *what)
{
    struct err e;
    const char *operation = strncmp(where, "cuda_", 5) ? where : where + 5;
    e.status = status;
    snprintf(e.text, sizeof e.text, "the GPU failed in %s: %s", operation, what);
    if (on_failure)
        on_failure(on_failure_to, &e);
    fprintf(stderr, "%s\n", e.text);
    exit(status);
}

void cuda_check(cudaError_t got, const char *where, const char *what)
{
    char text[600];
    if (got == cudaSuccess)
        return;
    snprintf(text, sizeof text,
             "%s: %s (an error of an operation before it may show here; "
             "CUDA_LAUNCH_BLOCKING=1 in the environment tells which)",
             what, cudaGetErrorString(got));
    cuda_fail(STATUS_UNAVAILABLE, where, text);
}

/* ---- memory ---- */

void *cuda_alloc(struct device *d, size_t bytes)
{
    void *p = NULL;
    cudaError_t got = cudaMalloc(&p, bytes ? bytes : 1);
    if (got == cudaErrorMemoryAllocation) {
        char text[200];
        size_t free = 0, total = 0;
        cudaMemGetInfo(&free, &total);
        snprintf(text, sizeof text,
                 "out of memory: %zu MB asked for, %zu MB of %zu are free on GPU %d", bytes >> 20,
                 free >> 20, total >> 20, cuda_of(d)->index);
        cuda_fail(STATUS_MEMORY, __func__, text);
    }
    CHECK(got);
    return p;
}

void cuda_release(struct device *d, void *p)
{
    cuda_before_launch(cuda_of(d)); /* it may be in use, or waiting for a copy */
    CHECK(cudaDeviceSynchronize());
    CHECK(cudaFree(p));
}

static void *scratch(struct cuda *c, struct temp_file *s, size_t bytes)
{
    if (bytes > s->size) {
        if (s->at)
            cuda_release(&c->device, s->at); /* waits for its users */
        s->size = bytes + bytes / 4;         /* room for a somewhat larger step */
        s->at = cuda_alloc(&c->device, s->size);
    }
    return s->at;
}

void *cuda_scratch(struct cuda *c, size_t bytes)
{
    return scratch(c, &c->scratch, bytes);
}

void *cuda_sums(struct cuda *c, size_t bytes)
{
    return scratch(c, &c->sums, bytes);
}

/* ---- to the device, without waiting: host memory is copied to the ring and may change afterwards
 * ---- */

static void ring_open(struct ring *r, cudaStream_t stream)
{
    r->stream = stream;
    CHECK(cudaHostAlloc((void **)&r->at, (size_t)RING_PARTS * RING_PART, cudaHostAllocDefault));
    for (int i = 0; i < RING_PARTS; i++)
        CHECK(cudaEventCreateWithFlags(&r->done[i], cudaEventDisableTiming));
}

static void ring_close(struct ring *r)
{
    for (int i = 0; i < RING_PARTS; i++)
        CHECK(cudaEventDestroy(r->done[i]));
    CHECK(cudaFreeHost(r->at));
}

/* Starts the copy of the bytes that wait for it. */
static void ring_flush(struct ring *r)
{
    const char *from = r->at + (size_t)r->part * RING_PART + r->used - r->waiting;
    if (r->waiting)
        CHECK(cudaMemcpyAsync(r->to, from, r->waiting, cudaMemcpyHostToDevice, r->stream));
    r->waiting = 0;
}

/* Waits only if the device is a whole ring behind. */
static void ring_next_part(struct ring *r)
{
    ring_flush(r);
    CHECK(cudaEventRecord(r->done[r->part], r->stream));
    r->part = (r->part + 1) % RING_PARTS;
    r->used = 0;
    CHECK(cudaEventSynchronize(r->done[r->part]));
}

/* Bytes whose destination follows the last one's are copied together with them. */
static void ring_add(struct ring *r, char *to, const char *from, size_t bytes)
{
    while (bytes) {
        if (r->used >= RING_PART)
            ring_next_part(r);
        if (to != r->to + r->waiting)
            ring_flush(r);
        if (!r->waiting)
            r->to = to;
        size_t room = RING_PART - r->used, n = bytes < room ? bytes : room;
        memcpy(r->at + (size_t)r->part * RING_PART + r->used, from, n);
        r->used += n, r->waiting += n;
        to += n, from += n, bytes -= n;
    }
}

/* In order with the operations around it. */
void cuda_upload(struct device *d, void *to, const void *from_host, size_t bytes)
{
    cuda_before_launch(cuda_of(d));
    ring_add(&cuda_of(d)->uploads, (char *)to, (const char *)from_host, bytes);
    ring_flush(&cuda_of(d)->uploads);
}

/* The copy starts before the next work, so that more can join it. */
void cuda_send(struct device *d, void *to, const void *from_host, size_t bytes)
{
    ring_add(&cuda_of(d)->sends, (char *)to, (const char *)from_host, bytes);
    cuda_of(d)->sent = true;
}

/* Later sends wait for the end of the step before the one that ends here. */
void cuda_step(struct device *d)
{
    struct cuda *c = cuda_of(d);
    ring_flush(&c->sends);
    CHECK(cudaStreamWaitEvent(c->copies, c->marks[c->mark], 0));
    c->mark ^= 1;
    CHECK(cudaEventRecord(c->marks[c->mark], c->compute));
}

/* Before work on the compute stream: makes it wait for what was sent. */
void cuda_before_launch(struct cuda *c)
{
    if (!c->sent)
        return;
    c->sent = false;
    ring_flush(&c->sends);
    CHECK(cudaEventRecord(c->sends_done, c->copies));
    CHECK(cudaStreamWaitEvent(c->compute, c->sends_done, 0));
}

/* ---- to the host ---- */

void cuda_download(struct device *d, void *to_host, const void *from, size_t bytes)
{
    struct cuda *c = cuda_of(d);
    if (!bytes)
        return;
    cuda_before_launch(c);
    CHECK(cudaMemcpyAsync(to_host, from, bytes, cudaMemcpyDeviceToHost, c->compute));
    CHECK(cudaStreamSynchronize(c->compute));
}

static void ticket_release(struct ticket *t)
{
    if (t->at) /* unlike cudaFree, cudaFreeHost does not promise to take NULL */
        CHECK(cudaFreeHost(t->at));
}

int cuda_fetch(struct device *d, const void *from, size_t bytes)
{
    struct cuda *c = cuda_of(d);
    int ticket = c->fetches;
    struct ticket *t = &c->tickets[ticket];
    c->fetches = (ticket + 1) % TICKETS;
    if (bytes > t->size) {
        CHECK(cudaEventSynchronize(t->done));
        ticket_release(t);
        t->size = bytes + bytes / 4;
        CHECK(cudaHostAlloc(&t->at, t->size, cudaHostAllocDefault));
    }
    cuda_before_launch(c);
    if (bytes)
        CHECK(cudaMemcpyAsync(t->at, from, bytes, cudaMemcpyDeviceToHost, c->compute));
    CHECK(cudaEventRecord(t->done, c->compute));
    return ticket;
}

const void *cuda_fetched(struct device *d, int ticket)
{
    struct ticket *t = &cuda_of(d)->tickets[ticket];
    CHECK(cudaEventSynchronize(t->done));
    return t->at;
}

/* ---- within the device ---- */

static __global__ void fill_with(float *to, float value, size_t n)
{
    for EACH (i, n)
        to[i] = value;
}

void cuda_fill(struct device *d, float *to, float value, size_t n)
{
    if (!n)
        return;
    cuda_before_launch(cuda_of(d));
    if (value == 0)
        CHECK(cudaMemsetAsync(to, 0, n * sizeof *to, cuda_of(d)->compute));
    else
        LAUNCH(d, fill_with, cuda_grid(cuda_of(d), n, 256), 256, 0, to, value, n);
}

void cuda_copy(struct device *d, float *to, const float *from, size_t n)
{
    if (!n)
        return;
    cuda_before_launch(cuda_of(d));
    CHECK(cudaMemcpyAsync(to, from, n * sizeof *to, cudaMemcpyDeviceToDevice, cuda_of(d)->compute));
}

static __global__ void add_from(float *to, const float *from, size_t n)
{
    for EACH (i, n)
        to[i] += from[i];
}

void cuda_add(struct device *d, float *to, const float *from, size_t n)
{
    LAUNCH(d, add_from, cuda_grid(cuda_of(d), n, 256), 256, 0, to, from, n);
}

/* ---- opening and closing ---- */

static const struct operations cuda_operations = {
#define OPERATION_ROW(type, name, arguments) cuda_##name,
    DEVICE_OPERATIONS(OPERATION_ROW)
#undef OPERATION_ROW
};

static bool refuse(char *why, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool refuse(char *why, size_t room, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why, room, format, args);
    va_end(args);
    return false;
}

/* Whether GPU `index` can be used; fills *p. */
static bool usable(int index, struct cudaDeviceProp *p, char *why, size_t room)
{
    int driver = 0, devices = 0;
    cudaDriverGetVersion(&driver);
    if (!driver)
        return refuse(why, room, "no driver");
    cudaError_t got = cudaGetDeviceCount(&devices);
    if (got == cudaErrorNoDevice || (got == cudaSuccess && !devices))
        return refuse(why, room, "a driver, but no GPU");
    if (got == cudaErrorInsufficientDriver)
        return refuse(why, room, "the driver knows CUDA %d.%d, and %d.%d is needed", driver / 1000,
                      driver % 1000 / 10, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    if (got != cudaSuccess)
        return refuse(why, room, "%s", cudaGetErrorString(got));
    if (index >= devices)
        return refuse(why, room, "no GPU %d: there %s, counted from 0", index,
                      devices == 1 ? "is one" : "are fewer");
    got = cudaGetDeviceProperties(p, index);
    if (got != cudaSuccess)
        return refuse(why, room, "GPU %d: %s", index, cudaGetErrorString(got));
    if (p->major < 8)
        return refuse(why, room, "GPU %d, %s, has compute capability %d.%d, and 8.0 is needed",
                      index, p->name, p->major, p->minor);
    return true;
}

/* The functions that programs look up. */
#pragma GCC visibility push(default)
extern "C" {
uint64_t sesspipe_cuda_table(void);
void sesspipe_cuda_about(char *to, size_t room);
struct device *sesspipe_cuda_open(const struct device_options *o, int index, char *why,
                                  size_t room);
void sesspipe_cuda_close(struct device *d);
}
#pragma GCC visibility pop

uint64_t sesspipe_cuda_table(void)
{
    return device_table_version();
}

void sesspipe_cuda_about(char *to, size_t room)
{
    struct cudaDeviceProp p;
    char why[500];
    if (usable(0, &p, why, sizeof why))
        snprintf(to, room, CUDA_TARGETS "; GPU 0: %s, %zu MB", p.name, p.totalGlobalMem >> 20);
    else
        snprintf(to, room, CUDA_TARGETS "; no usable GPU: %s", why);
}

static void open_streams(struct cuda *c)
{
    CHECK(cudaStreamCreateWithFlags(&c->compute, cudaStreamNonBlocking));
    CHECK(cudaStreamCreateWithFlags(&c->copies, cudaStreamNonBlocking));
    cudaEvent_t *const events[] = {&c->sends_done,      &c->marks[0],        &c->marks[1],
                                   &c->tickets[0].done, &c->tickets[1].done, &c->tickets[2].done,
                                   &c->tickets[3].done};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        CHECK(cudaEventCreateWithFlags(events[i], cudaEventDisableTiming));
    ring_open(&c->uploads, c->compute);
    ring_open(&c->sends, c->copies);
}

struct device *sesspipe_cuda_open(const struct device_options *o, int index, char *why, size_t room)
{
    static const char *const precision[] = {"f32", "tf32", "bf16"};
    struct cudaDeviceProp p;
    if (!usable(index, &p, why, room) || !blas_load(why, room))
        return NULL;
    cudaError_t got = cudaSetDevice(index);
    if (got == cudaSuccess)
        got = cudaFree(NULL); /* makes the driver take the device, or refuse it */
    if (got != cudaSuccess) {
        refuse(why, room, "GPU %d: %s", index, cudaGetErrorString(got));
        return NULL;
    }
    on_failure = o->on_failure;
    on_failure_to = o->on_failure_to;
    struct cuda *c = (struct cuda *)calloc(1, sizeof *c);
    if (!c)
        cuda_fail(STATUS_MEMORY, __func__, "out of memory");
    c->index = index;
    c->processors = p.multiProcessorCount;
    c->shared_most = p.sharedMemPerBlockOptin;
    c->cache = (size_t)p.l2CacheSize;
    c->workspace = o->workspace ? o->workspace : (size_t)128 << 20;
    c->precision = o->precision;
    open_streams(c);
    blas_open(c, p.major);
    snprintf(c->name, sizeof c->name, "cuda:%d: %s, %s", index, p.name, precision[o->precision]);
    c->device.op = &cuda_operations;
    c->device.name = c->name;
    c->device.close = sesspipe_cuda_close;
    return &c->device;
}

void sesspipe_cuda_close(struct device *d)
{
    struct cuda *c = cuda_of(d);
    cudaEvent_t events[] = {c->sends_done, c->marks[0], c->marks[1]};
    CHECK(cudaDeviceSynchronize());
    blas_close(c);
    ring_close(&c->uploads);
    ring_close(&c->sends);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        CHECK(cudaEventDestroy(events[i]));
    for (int i = 0; i < TICKETS; i++) {
        CHECK(cudaEventDestroy(c->tickets[i].done));
        ticket_release(&c->tickets[i]);
    }
    CHECK(cudaFree(c->scratch.at));
    CHECK(cudaFree(c->sums.at));
    CHECK(cudaStreamDestroy(c->compute));
    CHECK(cudaStreamDestroy(c->copies));
    free(c);
}
