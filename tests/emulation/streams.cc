/* Streams, events, copies, and properties of devices. */
#include "inside.h"

#include <stdio.h>
#include <time.h>

#include <deque>
#include <memory>
#include <set>
#include <vector>

struct emulated_stream {
    std::deque<std::function<void()>> waiting;
    uint64_t queued, done;
    bool blocking; /* synchronizes with the default stream */
};

struct emulated_event {
    emulated_stream *stream; /* NULL: never recorded, or its stream was destroyed: complete */
    uint64_t upto;
    std::shared_ptr<double> time;
};

static std::set<emulated_stream *> streams;
static std::set<emulated_event *> events;

/* ---- errors ---- */

static cudaError_t last_error;

void emulation_fail(cudaError_t error)
{
    last_error = error;
}

static cudaError_t failed(cudaError_t error)
{
    last_error = error;
    return error;
}

cudaError_t cudaGetLastError(void)
{
    cudaError_t error = last_error;
    last_error = cudaSuccess;
    return error;
}

cudaError_t cudaPeekAtLastError(void)
{
    return last_error;
}

static const struct {
    cudaError_t error;
    const char *name, *text;
} errors[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration",
     "invalid configuration argument"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver", "the driver is too old"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
};

const char *cudaGetErrorName(cudaError_t error)
{
    for (const auto &e : errors)
        if (e.error == error)
            return e.name;
    return "unknown";
}

const char *cudaGetErrorString(cudaError_t error)
{
    for (const auto &e : errors)
        if (e.error == error)
            return e.text;
    return "unknown error";
}

/* ---- work in order ---- */

static void run_until(emulated_stream *s, uint64_t upto)
{
    while (s->done < upto) {
        std::function<void()> work = std::move(s->waiting.front());
        s->waiting.pop_front();
        work();
        s->done++;
    }
}

static void finish(emulated_stream *s)
{
    if (s)
        run_until(s, s->queued);
}

static void finish_blocking(void)
{
    for (emulated_stream *s : streams)
        if (s->blocking)
            finish(s);
}

void streams_finish(void)
{
    for (emulated_stream *s : streams)
        finish(s);
}

void stream_enqueue(cudaStream_t stream, std::function<void()> work)
{
    if (!stream) {
        finish_blocking();
        work();
        return;
    }
    stream->waiting.push_back(std::move(work));
    stream->queued++;
    if (emulation_set("EMULATED_STREAMS", "eager"))
        finish(stream);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags)
{
    host_call held;
    *stream = new emulated_stream{{}, 0, 0, flags != cudaStreamNonBlocking};
    streams.insert(*stream);
    return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t *stream)
{
    return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned flags, int)
{
    return cudaStreamCreateWithFlags(stream, flags);
}

static void must_be(const char *call, cudaStream_t stream)
{
    if (stream && !streams.count(stream))
        emulation_die("%s: no such stream", call);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    host_call held;
    must_be("cudaStreamDestroy", stream);
    streams_finish(); /* including those that wait for it */
    streams.erase(stream);
    for (emulated_event *e : events)
        if (e->stream == stream)
            e->stream = nullptr;
    delete stream;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    host_call held;
    must_be("cudaStreamSynchronize", stream);
    if (stream)
        finish(stream);
    else
        finish_blocking();
    return cudaSuccess;
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    host_call held;
    must_be("cudaStreamQuery", stream);
    return stream && stream->done < stream->queued ? cudaErrorNotReady : cudaSuccess;
}

cudaError_t cudaDeviceSynchronize(void)
{
    host_call held;
    streams_finish();
    return cudaSuccess;
}

/* ---- events ---- */

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned)
{
    host_call held;
    *event = new emulated_event{nullptr, 0, std::make_shared<double>(0)};
    events.insert(*event);
    return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t *event)
{
    return cudaEventCreateWithFlags(event, cudaEventDefault);
}

static void must_be(const char *call, cudaEvent_t event)
{
    if (!events.count(event))
        emulation_die("%s: no such event", call);
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    host_call held;
    must_be("cudaEventDestroy", event);
    events.erase(event);
    delete event;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    host_call held;
    must_be("cudaEventRecord", event);
    must_be("cudaEventRecord", stream);
    std::shared_ptr<double> time = event->time;
    stream_enqueue(stream, [time] {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        *time = (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
    });
    event->stream = stream;
    event->upto = stream ? stream->queued : 0;
    return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned)
{
    host_call held;
    must_be("cudaStreamWaitEvent", stream);
    must_be("cudaStreamWaitEvent", event);
    emulated_stream *other = event->stream;
    uint64_t upto = event->upto;
    if (other && other != stream)
        stream_enqueue(stream, [other, upto] { run_until(other, upto); });
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    host_call held;
    must_be("cudaEventSynchronize", event);
    if (event->stream)
        run_until(event->stream, event->upto);
    return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    host_call held;
    must_be("cudaEventQuery", event);
    return event->stream && event->stream->done < event->upto ? cudaErrorNotReady : cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t from, cudaEvent_t to)
{
    *ms = (float)(*to->time - *from->time);
    return cudaSuccess;
}

/* ---- copies ---- */

struct copy {
    char *to;
    const char *from;
    size_t to_pitch, from_pitch, width, height;
};

static size_t extent(size_t pitch, const copy &c)
{
    return c.width && c.height ? pitch * (c.height - 1) + c.width : 0;
}

static void copy_now(const copy &c)
{
    device_work work("a copy");
    if (memory_is_device(c.to))
        memory_open("the destination", c.to, extent(c.to_pitch, c));
    if (memory_is_device(c.from))
        memory_open("the source", c.from, extent(c.from_pitch, c));
    for (size_t i = 0; i < c.height; i++)
        memcpy(c.to + i * c.to_pitch, c.from + i * c.from_pitch, c.width);
}

static void check_side(const char *call, const char *side, const void *p, size_t bytes, bool device)
{
    if (device)
        memory_require(call, side, p, bytes);
    else if (bytes && memory_is_device(p))
        emulation_die("%s: %s is device memory, not the host's", call, side);
}

/* Pageable memory is read before the call returns, and written before it returns. */
static cudaError_t copy_async(const char *call, const copy &c, cudaMemcpyKind kind, cudaStream_t s)
{
    host_call held;
    must_be(call, s);
    size_t size = extent(c.to_pitch, c);
    bool to_device = kind == cudaMemcpyDefault
                         ? memory_is_device(c.to)
                         : kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    bool from_device = kind == cudaMemcpyDefault
                           ? memory_is_device(c.from)
                           : kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    if (c.height > 1 && (c.width > c.to_pitch || c.width > c.from_pitch))
        return failed(cudaErrorInvalidValue);
    check_side(call, "the destination", c.to, size, to_device);
    check_side(call, "the source", c.from, extent(c.from_pitch, c), from_device);
    if (!size)
        return cudaSuccess;
    work_trace("copy %s %zu", !to_device ? "to-host" : from_device ? "within" : "to-device", size);
    if (!from_device && !memory_is_pinned(c.from)) {
        auto kept = std::make_shared<std::vector<char>>(c.from, c.from + extent(c.from_pitch, c));
        stream_enqueue(s, [c, kept] {
            copy from_kept = c;
            from_kept.from = kept->data();
            copy_now(from_kept);
        });
    } else {
        if (!to_device && memory_is_pinned(c.to) && s)
            for (size_t i = 0; i < c.height; i++)
                memset(c.to + i * c.to_pitch, 0xff, c.width); /* not valid before the end */
        stream_enqueue(s, [c] { copy_now(c); });
    }
    if (!to_device && !memory_is_pinned(c.to))
        finish(s);
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream)
{
    return copy_async("cudaMemcpyAsync", {(char *)to, (const char *)from, bytes, bytes, bytes, 1},
                      kind, stream);
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch,
                              size_t width, size_t height, cudaMemcpyKind kind, cudaStream_t stream)
{
    return copy_async("cudaMemcpy2DAsync",
                      {(char *)to, (const char *)from, to_pitch, from_pitch, width, height}, kind,
                      stream);
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind)
{
    return copy_async("cudaMemcpy", {(char *)to, (const char *)from, bytes, bytes, bytes, 1}, kind,
                      nullptr);
}

cudaError_t cudaMemsetAsync(void *to, int byte, size_t bytes, cudaStream_t stream)
{
    host_call held;
    must_be("cudaMemsetAsync", stream);
    memory_require("cudaMemsetAsync", "the destination", to, bytes);
    work_trace("fill %zu", bytes);
    stream_enqueue(stream, [to, byte, bytes] {
        device_work work("cudaMemsetAsync");
        memory_open("the destination", to, bytes);
        memset(to, byte, bytes);
    });
    return cudaSuccess;
}

cudaError_t cudaMemset(void *to, int byte, size_t bytes)
{
    return cudaMemsetAsync(to, byte, bytes, nullptr);
}

/* ---- the device ---- */

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = 1;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int device)
{
    return device ? failed(cudaErrorInvalidDevice) : cudaSuccess;
}

cudaError_t cudaGetDevice(int *device)
{
    *device = 0;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int device)
{
    if (device)
        return failed(cudaErrorInvalidDevice);
    *p = {};
    snprintf(p->name, sizeof p->name, "emulation");
    p->totalGlobalMem = (size_t)16 << 30;
    p->sharedMemPerBlock = 48 << 10;
    p->sharedMemPerBlockOptin = 163 << 10;
    p->sharedMemPerMultiprocessor = 164 << 10;
    p->major = 8;
    p->multiProcessorCount = 4;
    p->warpSize = 32;
    p->maxThreadsPerBlock = 1024;
    p->maxThreadsPerMultiProcessor = 2048;
    p->regsPerBlock = 65536;
    p->l2CacheSize = 40 << 20;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device)
{
    cudaDeviceProp p;
    cudaError_t error = cudaGetDeviceProperties(&p, device);
    if (error != cudaSuccess)
        return error;
    switch (attribute) {
    case cudaDevAttrMaxSharedMemoryPerBlock:
        *value = (int)p.sharedMemPerBlock;
        break;
    case cudaDevAttrMultiProcessorCount:
        *value = p.multiProcessorCount;
        break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
        *value = p.maxThreadsPerMultiProcessor;
        break;
    case cudaDevAttrComputeCapabilityMajor:
        *value = p.major;
        break;
    case cudaDevAttrComputeCapabilityMinor:
        *value = p.minor;
        break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
        *value = (int)p.sharedMemPerMultiprocessor;
        break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        *value = (int)p.sharedMemPerBlockOptin;
        break;
    }
    return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int *version)
{
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version)
{
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *left, size_t *total)
{
    *left = *total = (size_t)16 << 30;
    return cudaSuccess;
}
