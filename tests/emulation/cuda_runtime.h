/* A small host CUDA, so that the kernels of cuda/ run, every line of them, on machines without a
 * GPU: `g++ -Itests/emulation -x c++ file.cu`.  It is slow and strict.  What it has:
 *
 * Launching: EMULATE(kernel, grid, block, shared_bytes, stream, args...), any number of blocks one
 * after another, up to 1024 threads each.  A template kernel is named in parentheses with all its
 * arguments: (kernel<float, 4>).  Limits of a launch are those of sm_80 (48 KB of dynamic shared
 * memory, up to 163 KB after cudaFuncSetAttribute).
 *
 * In kernels: threadIdx, blockIdx, blockDim, gridDim, warpSize; __shared__ arrays (garbage at the
 * start of each block) and emulated_shared(), the dynamic ones, of exactly the asked size;
 * __syncthreads, _count, _and, _or; __syncwarp, __shfl_sync/_up/_down/_xor_sync, __ballot_sync,
 * __any_sync, __all_sync; integer atomics; __ldg, min, max, float2, float4, int2, int4, uint4 and
 * their make_ functions; __popc, __clz, __ffs, __float_as_int and its likes, __threadfence; what is
 * in math.h.  bf16: cuda_bf16.h.
 *
 * On the host: memory (pageable, pinned and of the device), streams, events, properties; cuBLAS:
 * cublas_v2.h.
 *
 * What it catches, with a message that names the kernel, and abort():
 * - a barrier or warp operation that some threads do not reach: they ended, or wait elsewhere; a
 *   warp operation whose mask lacks its caller, or that reads a thread which is not in it;
 * - an index beyond an allocation of device memory or the dynamic shared memory: exactly under
 *   AddressSanitizer, which sees __shared__ arrays too; else to 16 bytes in front of it or behind;
 * - device memory that the host reads or writes, host memory handed to a kernel, to cuBLAS or
 *   copied as device memory, also within a struct that is a kernel's argument: such a struct may
 *   hold no host pointer at all; memory that was freed;
 * - with EMULATED_ORDER=all: each launch is done again with threads and blocks in other orders and
 *   other garbage in shared memory, and must write the same bytes: finds missing barriers, two
 *   threads that write one place, shared memory that is read before it is written;
 * - built with -DEMULATED_THREADS the threads of a block are real ones, for ThreadSanitizer.
 *
 * Work on a stream is done as late as the rules allow, when the host waits for it (or for an event
 * behind it): a host that uses pinned memory too early reads garbage, one that overwrites it too
 * early sends the new bytes.  EMULATED_STREAMS=eager does everything at once.  New device memory is
 * full of NaN.  EMULATED_ORDER=forward|backward|shuffled|all is the order of threads and blocks,
 * EMULATED_TRACE=FILE has a line there for each piece of work (trace.cc). */
#ifndef EMULATION_CUDA_RUNTIME_H
#define EMULATION_CUDA_RUNTIME_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <functional>
#include <tuple>
#include <type_traits>

/* ---- words of the language ---- */

#define __global__
#define __device__
#define __host__
#define __constant__    static const
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __shared__   static __attribute__((section("emulated_shared")))

#define EMULATED_VECTOR2(type, name)                                                               \
    struct name {                                                                                  \
        type x, y;                                                                                 \
    } __attribute__((aligned(2 * sizeof(type))));                                                  \
    static inline name make_##name(type x, type y)                                                 \
    {                                                                                              \
        return name{x, y};                                                                         \
    }
#define EMULATED_VECTOR4(type, name)                                                               \
    struct name {                                                                                  \
        type x, y, z, w;                                                                           \
    } __attribute__((aligned(4 * sizeof(type))));                                                  \
    static inline name make_##name(type x, type y, type z, type w)                                 \
    {                                                                                              \
        return name{x, y, z, w};                                                                   \
    }
EMULATED_VECTOR2(float, float2)
EMULATED_VECTOR2(int, int2)
EMULATED_VECTOR2(unsigned, uint2)
EMULATED_VECTOR4(float, float4)
EMULATED_VECTOR4(int, int4)
EMULATED_VECTOR4(unsigned, uint4)

struct uint3 {
    unsigned x, y, z;
};

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c)
    {
    }
};

/* ---- threads ---- */

#ifdef EMULATED_THREADS
#define EMULATED_LOCAL __thread
#else
#define EMULATED_LOCAL
#endif
extern EMULATED_LOCAL uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
static const int warpSize = 32;

/* The place in the source of a barrier or warp operation: threads that meet must be at the same
 * one. */
struct emulated_place {
    const char *what, *file;
    int line;
};
#define EMULATED_PLACE(what)                                                                       \
    emulated_place                                                                                 \
    {                                                                                              \
        what, __FILE__, __LINE__                                                                   \
    }

void *emulated_shared(void);
/* Returns the number of threads that passed true. */
int emulated_barrier(emulated_place at, bool truth);
/* All lanes of the mask meet; returns the `value` of lane `from` of this thread's warp. */
uint64_t emulated_exchange(emulated_place at, uint32_t mask, uint64_t value, int from);
/* Bit i: lane i of the mask passed true. */
uint32_t emulated_vote(emulated_place at, uint32_t mask, bool truth);
int emulated_lane(void);

#define __syncthreads()        ((void)emulated_barrier(EMULATED_PLACE("__syncthreads"), true))
#define __syncthreads_count(p) emulated_barrier(EMULATED_PLACE("__syncthreads_count"), (p) != 0)
#define __syncthreads_or(p)    (emulated_barrier(EMULATED_PLACE("__syncthreads_or"), (p) != 0) != 0)
#define __syncthreads_and(p)   (emulated_barrier(EMULATED_PLACE("__syncthreads_and"), !(p)) == 0)

template <class T>
static inline T emulated_shuffle(emulated_place at, uint32_t mask, T value, int from)
{
    static_assert(sizeof(T) <= sizeof(uint64_t), "shuffles take up to 8 bytes");
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    bits = emulated_exchange(at, mask, bits, from);
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The lane to read; the thread's own where `from` is outside its segment. */
static inline int emulated_within(int from, int first, int end)
{
    return from < first || from >= end ? emulated_lane() : from;
}

static inline int emulated_segment(int width)
{
    return emulated_lane() & ~(width - 1);
}

template <class T>
static inline T emulated_shfl(emulated_place at, uint32_t mask, T v, int lane, int width = 32)
{
    return emulated_shuffle(at, mask, v, emulated_segment(width) + (lane & (width - 1)));
}

template <class T>
static inline T emulated_shfl_by(emulated_place at, uint32_t mask, T v, int by, int width = 32)
{
    int first = emulated_segment(width);
    return emulated_shuffle(at, mask, v,
                            emulated_within(emulated_lane() + by, first, first + width));
}

template <class T>
static inline T emulated_shfl_up(emulated_place at, uint32_t mask, T v, int by, int width = 32)
{
    return emulated_shfl_by(at, mask, v, -by, width);
}

template <class T>
static inline T emulated_shfl_xor(emulated_place at, uint32_t mask, T v, int bits, int width = 32)
{
    int from = emulated_lane() ^ bits;
    return emulated_shuffle(at, mask, v, emulated_within(from, 0, emulated_segment(width) + width));
}

#define __shfl_sync(mask, ...) emulated_shfl(EMULATED_PLACE("__shfl_sync"), mask, __VA_ARGS__)
#define __shfl_xor_sync(mask, ...)                                                                 \
    emulated_shfl_xor(EMULATED_PLACE("__shfl_xor_sync"), mask, __VA_ARGS__)
#define __shfl_down_sync(mask, ...)                                                                \
    emulated_shfl_by(EMULATED_PLACE("__shfl_down_sync"), mask, __VA_ARGS__)
#define __shfl_up_sync(mask, ...)                                                                  \
    emulated_shfl_up(EMULATED_PLACE("__shfl_up_sync"), mask, __VA_ARGS__)
#define __ballot_sync(mask, p) emulated_vote(EMULATED_PLACE("__ballot_sync"), mask, (p) != 0)
#define __any_sync(mask, p)    (emulated_vote(EMULATED_PLACE("__any_sync"), mask, (p) != 0) != 0)
#define __all_sync(mask, p)    (emulated_vote(EMULATED_PLACE("__all_sync"), mask, !(p)) == 0)
static inline void emulated_syncwarp(emulated_place at, uint32_t mask = 0xffffffffu)
{
    emulated_vote(at, mask, true);
}
#define __syncwarp(...) emulated_syncwarp(EMULATED_PLACE("__syncwarp") __VA_OPT__(, ) __VA_ARGS__)

/* ---- functions of the device ---- */

#define __threadfence()       __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define __threadfence_block() __atomic_thread_fence(__ATOMIC_SEQ_CST)

template <class T> static inline T __ldg(const T *p)
{
    return *p;
}

template <class A, class B> static constexpr std::common_type_t<A, B> min(A a, B b)
{
    return b < a ? b : a;
}

template <class A, class B> static constexpr std::common_type_t<A, B> max(A a, B b)
{
    return a < b ? b : a;
}

static inline int __popc(unsigned x)
{
    return __builtin_popcount(x);
}

static inline int __clz(int x)
{
    return x ? __builtin_clz((unsigned)x) : 32;
}

static inline int __ffs(int x)
{
    return __builtin_ffs(x);
}

template <class To, class From> static inline To emulated_bits(From x)
{
    static_assert(sizeof(To) == sizeof(From), "the same number of bits");
    To to;
    memcpy(&to, &x, sizeof to);
    return to;
}

#define __float_as_int(x)  emulated_bits<int>((float)(x))
#define __float_as_uint(x) emulated_bits<unsigned>((float)(x))
#define __int_as_float(x)  emulated_bits<float>((int)(x))
#define __uint_as_float(x) emulated_bits<float>((unsigned)(x))

static inline float rsqrtf(float x)
{
    return 1.0f / sqrtf(x);
}

/* Atomics: int, unsigned, unsigned long long; never floats. */
#define EMULATED_ATOMIC(name, result)                                                              \
    template <class T> static inline T name(T *p, std::common_type_t<T> v)                         \
    {                                                                                              \
        static_assert(std::is_integral<T>::value, "no float atomics: sums would not repeat");      \
        T was = __atomic_load_n(p, __ATOMIC_RELAXED);                                              \
        while (!__atomic_compare_exchange_n(p, &was, (T)(result), false, __ATOMIC_RELAXED,         \
                                            __ATOMIC_RELAXED))                                     \
            ;                                                                                      \
        return was;                                                                                \
    }
EMULATED_ATOMIC(atomicAdd, was + v)
EMULATED_ATOMIC(atomicSub, was - v)
EMULATED_ATOMIC(atomicMin, v < was ? v : was)
EMULATED_ATOMIC(atomicMax, was < v ? v : was)
EMULATED_ATOMIC(atomicOr, was | v)
EMULATED_ATOMIC(atomicAnd, was &v)
EMULATED_ATOMIC(atomicExch, v)
#undef EMULATED_ATOMIC

template <class T>
static inline T atomicCAS(T *p, std::common_type_t<T> expected, std::common_type_t<T> to)
{
    __atomic_compare_exchange_n(p, &expected, to, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return expected;
}

/* ---- the host's calls ---- */

enum cudaError_t {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInvalidConfiguration = 9,
    cudaErrorInsufficientDriver = 35,
    cudaErrorNoDevice = 100,
    cudaErrorInvalidDevice = 101,
    cudaErrorNotReady = 600
};
typedef cudaError_t cudaError;

enum cudaMemcpyKind {
    cudaMemcpyHostToHost,
    cudaMemcpyHostToDevice,
    cudaMemcpyDeviceToHost,
    cudaMemcpyDeviceToDevice,
    cudaMemcpyDefault
};

enum cudaFuncAttribute {
    cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
    cudaFuncAttributePreferredSharedMemoryCarveout = 9
};

enum cudaDeviceAttr {
    cudaDevAttrMaxSharedMemoryPerBlock = 8,
    cudaDevAttrMultiProcessorCount = 16,
    cudaDevAttrMaxThreadsPerMultiProcessor = 39,
    cudaDevAttrComputeCapabilityMajor = 75,
    cudaDevAttrComputeCapabilityMinor = 76,
    cudaDevAttrMaxSharedMemoryPerMultiprocessor = 81,
    cudaDevAttrMaxSharedMemoryPerBlockOptin = 97
};

struct cudaDeviceProp {
    char name[256];
    size_t totalGlobalMem, sharedMemPerBlock, sharedMemPerBlockOptin, sharedMemPerMultiprocessor;
    int major, minor, multiProcessorCount, warpSize, maxThreadsPerBlock, l2CacheSize;
    int maxThreadsPerMultiProcessor, regsPerBlock;
};

typedef struct emulated_stream *cudaStream_t;
typedef struct emulated_event *cudaEvent_t;

#define cudaStreamDefault          0
#define cudaStreamNonBlocking      1
#define cudaEventDefault           0
#define cudaEventBlockingSync      1
#define cudaEventDisableTiming     2
#define cudaHostAllocDefault       0
#define cudaHostAllocPortable      1
#define cudaHostAllocWriteCombined 4

#define CUDART_VERSION 12000

cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDevice(int *device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int device);
cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device);
cudaError_t cudaDriverGetVersion(int *version);
cudaError_t cudaRuntimeGetVersion(int *version);
cudaError_t cudaMemGetInfo(size_t *left, size_t *total);
cudaError_t cudaDeviceSynchronize(void);
cudaError_t cudaGetLastError(void);
cudaError_t cudaPeekAtLastError(void);
const char *cudaGetErrorName(cudaError_t error);
const char *cudaGetErrorString(cudaError_t error);

cudaError_t emulated_malloc(void **p, size_t bytes);
cudaError_t emulated_malloc_pinned(void **p, size_t bytes);
template <class T> static inline cudaError_t cudaMalloc(T **p, size_t bytes)
{
    return emulated_malloc((void **)p, bytes);
}
template <class T> static inline cudaError_t cudaMallocHost(T **p, size_t bytes, unsigned = 0)
{
    return emulated_malloc_pinned((void **)p, bytes);
}
template <class T> static inline cudaError_t cudaHostAlloc(T **p, size_t bytes, unsigned)
{
    return emulated_malloc_pinned((void **)p, bytes);
}
cudaError_t cudaFree(void *p);
cudaError_t cudaFreeHost(void *p);

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream = nullptr);
cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch,
                              size_t width, size_t height, cudaMemcpyKind kind,
                              cudaStream_t stream = nullptr);
cudaError_t cudaMemset(void *to, int byte, size_t bytes);
cudaError_t cudaMemsetAsync(void *to, int byte, size_t bytes, cudaStream_t stream = nullptr);

cudaError_t cudaStreamCreate(cudaStream_t *stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags);
cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned flags, int priority);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamQuery(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags = 0);
cudaError_t cudaEventCreate(cudaEvent_t *event);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream = nullptr);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventQuery(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t from, cudaEvent_t to);

cudaError_t emulated_allow_shared(const void *kernel, int bytes);
cudaError_t emulated_resident_blocks(int *blocks, int threads, size_t shared);
template <class K>
static inline cudaError_t cudaFuncSetAttribute(K kernel, cudaFuncAttribute attribute, int value)
{
    return attribute == cudaFuncAttributeMaxDynamicSharedMemorySize
               ? emulated_allow_shared((const void *)kernel, value)
               : cudaSuccess;
}
template <class K>
static inline cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, K, int threads,
                                                                        size_t shared)
{
    return emulated_resident_blocks(blocks, threads, shared);
}

/* ---- launching ---- */

struct emulated_launch {
    const char *kernel;
    const void *function;
    dim3 grid, block;
    size_t shared;
    std::function<void()> thread; /* the work of one thread */
};

/* `argument` counts from 1.  A pointer must be NULL or device memory; a struct may hold no host
 * pointer. */
void emulated_check_pointer(const char *kernel, int argument, const void *p);
void emulated_check_struct(const char *kernel, int argument, const void *p, size_t bytes);
void emulated_enqueue(cudaStream_t stream, const emulated_launch &launch);

template <class T> static inline void emulated_check_argument(const char *kernel, int n, const T &x)
{
    if constexpr (std::is_pointer<T>::value)
        emulated_check_pointer(kernel, n, (const void *)x);
    else if constexpr (std::is_class<T>::value)
        emulated_check_struct(kernel, n, &x, sizeof x);
}

template <class... P, class... A>
static inline void emulated_start(const char *name, dim3 grid, dim3 block, size_t shared,
                                  cudaStream_t stream, void (*kernel)(P...), A... args)
{
    static_assert(sizeof...(P) == sizeof...(A), "as many arguments as the kernel has");
    std::tuple<P...> given(args...);
    int n = 0;
    std::apply([&](const P &...x) { (emulated_check_argument(name, ++n, x), ...); }, given);
    emulated_enqueue(stream, {name, (const void *)kernel, grid, block, shared,
                              [kernel, given] { std::apply(kernel, given); }});
}

#define EMULATE(kernel, grid, block, shared, stream, ...)                                          \
    emulated_start(#kernel, grid, block, shared, stream, kernel __VA_OPT__(, ) __VA_ARGS__)

#endif
