/* usage: planted FAULT
 *
 * Small kernels, right and wrong, for the test of the emulation itself.  "none" runs everything
 * that is right and prints "right"; any other name runs a kernel with that fault, which the
 * emulation must detect. */
#include <stdio.h>
#include <stdlib.h>
#include <vector>

#include "cublas_v2.h"

enum { N = 100, BLOCK = 64 };

static cudaStream_t stream;

#define LAUNCH(kernel, grid, block, shared, ...)                                                   \
    EMULATE(kernel, grid, block, shared, stream, __VA_ARGS__)

static void expect(bool right, const char *what)
{
    if (!right) {
        fprintf(stderr, "planted: wrong: %s\n", what);
        exit(1);
    }
}

/* ---- kernels that are right if they are launched correctly ---- */

struct shape {
    int n;
    const float *x;
};

static __global__ void twice(struct shape s, float *y)
{
    int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < s.n)
        y[i] = 2 * s.x[i];
}

/* y [blocks] = sums of `width` elements each, by a tree in shared memory. */
template <int WIDTH> static __global__ void sums(const float *x, float *y)
{
    __shared__ float part[WIDTH];
    int i = (int)threadIdx.x;
    part[i] = x[(int)blockIdx.x * WIDTH + i];
    for (int half = WIDTH / 2; half; half /= 2) {
        __syncthreads();
        if (i < half)
            part[i] += part[i + half];
    }
    if (i == 0)
        y[blockIdx.x] = part[0];
}

static __global__ void warp_sums(const float *x, float *y)
{
    float sum = x[threadIdx.x];
    for (int by = 16; by; by /= 2)
        sum += __shfl_xor_sync(0xffffffffu, sum, by);
    float first = __shfl_sync(0xffffffffu, sum, 0);
    float above = __shfl_down_sync(0xffffffffu, x[threadIdx.x], 1);
    float below = __shfl_up_sync(0xffffffffu, x[threadIdx.x], 1, 8);
    uint32_t odd = __ballot_sync(0xffffffffu, threadIdx.x & 1);
    bool right = first == sum && odd == 0xaaaaaaaau &&
                 __any_sync(0xffffffffu, threadIdx.x == 40) == (threadIdx.x >= 32) &&
                 __all_sync(0xffffffffu, above >= x[threadIdx.x]) &&
                 below == x[threadIdx.x - (threadIdx.x % 8 ? 1 : 0)];
    y[threadIdx.x] = right ? sum : -1;
}

/* Reverses rows through dynamic shared memory of n floats. */
static __global__ void reversed(int n, float *x)
{
    float *kept = (float *)emulated_shared();
    for (int i = (int)threadIdx.x; i < n; i += (int)blockDim.x)
        kept[i] = x[i];
    int all = __syncthreads_count(threadIdx.x < 10);
    for (int i = (int)threadIdx.x; i < n; i += (int)blockDim.x)
        x[i] = all == 10 ? kept[n - 1 - i] : 0;
}

/* Each thread of a block of (2, 3, 4), in a grid of (1, 2), writes its index. */
static __global__ void places(float *y)
{
    unsigned i = threadIdx.x + 2 * (threadIdx.y + 3 * threadIdx.z) + 24 * blockIdx.y;
    y[i] = (float)(threadIdx.x + 10 * threadIdx.z + 100 * threadIdx.y + 1000 * blockIdx.y);
}

static __global__ void counted(int n, unsigned *count, int *largest)
{
    int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) {
        atomicAdd(count, 1);
        atomicMax(largest, i);
    }
}

/* ---- kernels with faults ---- */

static __global__ void missing_barrier(const float *x, float *y)
{
    __shared__ float part[BLOCK];
    part[threadIdx.x] = x[threadIdx.x];
    y[threadIdx.x] = part[BLOCK - 1 - threadIdx.x];
}

static __global__ void out_of_bounds(int n, float *y)
{
    int i = (int)threadIdx.x;
    if (i <= n)
        y[i] = 1;
}

static __global__ void out_of_shared(float *y)
{
    __shared__ float part[BLOCK];
    float *to = part;
    to[threadIdx.x + 1] = 1;
    __syncthreads();
    y[threadIdx.x] = part[threadIdx.x];
}

static __global__ void unset_shared(float *y)
{
    __shared__ float sum;
    if (threadIdx.x < 10)
        sum = 0;
    __syncthreads();
    __shared__ float never;
    y[threadIdx.x] = sum + (never > 1 ? 1 : 0);
}

static __global__ void divergent(float *y)
{
    if (threadIdx.x == 7)
        return;
    __syncthreads();
    y[threadIdx.x] = 1;
}

static __global__ void two_barriers(float *y)
{
    if (threadIdx.x < 32)
        __syncthreads();
    else
        __syncthreads();
    y[threadIdx.x] = 1;
}

static __global__ void wrong_mask(float *y)
{
    if (threadIdx.x < 8)
        y[threadIdx.x] = __shfl_sync(0xffffffffu, 1.0f, 0);
}

static __global__ void not_in_mask(float *y)
{
    if (threadIdx.x < 8)
        y[threadIdx.x] = __shfl_down_sync(0xffu, 1.0f, 4);
}

static __global__ void two_writers(float *y)
{
    y[0] = (float)threadIdx.x;
}

/* ---- a host that uses them ---- */

static float *device_floats(const float *from, size_t n)
{
    float *p = nullptr;
    expect(cudaMalloc(&p, n * sizeof *p) == cudaSuccess, "cudaMalloc");
    if (from)
        cudaMemcpy(p, from, n * sizeof *p, cudaMemcpyHostToDevice);
    return p;
}

static std::vector<float> fetched(const float *p, size_t n)
{
    std::vector<float> to(n);
    cudaMemcpyAsync(to.data(), p, n * sizeof(float), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    return to;
}

static void check_right(float *x, const float *host)
{
    float *y = device_floats(nullptr, N);
    LAUNCH(twice, (N + BLOCK - 1) / BLOCK, BLOCK, 0, (shape{N, x}), y);
    std::vector<float> z = fetched(y, N);
    for (int i = 0; i < N; i++)
        expect(z[i] == 2 * host[i], "twice");
    LAUNCH((sums<32>), 3, 32, 0, x, y);
    z = fetched(y, 3);
    for (int b = 0; b < 3; b++)
        expect(z[b] == 32 * 31 / 2 + 32 * 32 * b, "sums");
    LAUNCH(warp_sums, 1, 64, 0, x, y);
    z = fetched(y, 64);
    expect(z[3] == 496 && z[63] == 496 + 1024, "warp_sums");
    cudaMemcpyAsync(y, x, N * sizeof *y, cudaMemcpyDeviceToDevice, stream);
    LAUNCH(reversed, 1, BLOCK, N * sizeof(float), N, y);
    z = fetched(y, N);
    expect(z[0] == 99 && z[99] == 0, "reversed");
    LAUNCH(places, dim3(1, 2), dim3(2, 3, 4), 0, y);
    z = fetched(y, 48);
    expect(z[47] == 1231 && z[1] == 1, "places");
    cudaMemsetAsync(y, 0, 8, stream);
    LAUNCH(counted, 7, 32, 0, 200, (unsigned *)y, (int *)y + 1);
    int counts[2];
    memcpy(counts, fetched(y, 2).data(), sizeof counts);
    expect(counts[0] == 200 && counts[1] == 199, "counted");
    cudaFree(y);
}

/* c [2, 3] = a [2, 4] b [4, 3] by rows = cᵀ = bᵀ aᵀ by columns; wrong: b as if transposed. */
static bool product(float *x, const float *host, cublasOperation_t tb, int ldb)
{
    cublasHandle_t handle;
    float one = 1, zero = 0, *c = device_floats(nullptr, 6);
    cublasCreate(&handle);
    cublasSetStream(handle, stream);
    expect(cublasSgemm(handle, tb, CUBLAS_OP_N, 3, 2, 4, &one, x, ldb, x + 12, 4, &zero, c, 3) ==
               CUBLAS_STATUS_SUCCESS,
           "cublasSgemm");
    std::vector<float> z = fetched(c, 6);
    int wrong = 0;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++) {
            float sum = 0;
            for (int k = 0; k < 4; k++)
                sum += host[12 + 4 * i + k] * host[3 * k + j];
            wrong += z[3 * i + j] != sum;
        }
    cublasDestroy(handle);
    cudaFree(c);
    return !wrong;
}

/* Reads or changes pinned memory before it has waited for the copy, unless `wait`. */
static void early(float *x, const float *host, bool wait, bool read)
{
    float *pinned;
    cudaEvent_t event;
    cudaMallocHost(&pinned, N * sizeof *pinned);
    cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
    memset(pinned, 0, N * sizeof *pinned);
    cudaMemcpyAsync(read ? pinned : x, read ? x : pinned, N * sizeof *pinned, cudaMemcpyDefault,
                    stream);
    cudaEventRecord(event, stream);
    if (wait)
        cudaEventSynchronize(event);
    if (read) {
        expect(pinned[5] == host[5], "the copy in pinned memory");
    } else {
        pinned[5] = 77;
        expect(fetched(x, N)[5] == 0, "the copy from pinned memory");
    }
    cudaStreamSynchronize(stream);
    cudaEventDestroy(event);
    cudaFreeHost(pinned);
}

/* A second stream copies; it waits for the first one, or does not. */
static void two_streams(float *x, const float *host, bool wait)
{
    cudaStream_t other;
    cudaEvent_t event;
    float *y = device_floats(nullptr, N), *z = device_floats(nullptr, N);
    cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking);
    cudaEventCreate(&event);
    cudaMemcpyAsync(y, x, N * sizeof *x, cudaMemcpyDeviceToDevice, other);
    cudaEventRecord(event, other);
    if (wait)
        cudaStreamWaitEvent(stream, event, 0);
    LAUNCH(twice, 4, 32, 0, (shape{N, y}), z);
    expect(fetched(z, N)[9] == 2 * host[9], "twice what another stream copied");
    cudaEventDestroy(event);
    cudaStreamDestroy(other);
    cudaFree(y);
    cudaFree(z);
}

static void all_right(float *x, const float *host)
{
    check_right(x, host);
    expect(product(x, host, CUBLAS_OP_N, 3), "a product");
    early(x, host, true, true);
    two_streams(x, host, true);
    float *y = device_floats(nullptr, N);
    LAUNCH(twice, 0, 32, 0, (shape{N, x}), y);
    expect(cudaGetLastError() == cudaErrorInvalidConfiguration, "an empty grid is an error");
    LAUNCH(reversed, 1, 32, 64 << 10, N, y);
    expect(cudaGetLastError() == cudaErrorInvalidConfiguration, "64 KB of shared memory");
    expect(cudaFuncSetAttribute(reversed, cudaFuncAttributeMaxDynamicSharedMemorySize, 64 << 10) ==
               cudaSuccess,
           "64 KB are allowed");
    cudaMemcpyAsync(y, x, N * sizeof *y, cudaMemcpyDeviceToDevice, stream);
    LAUNCH(reversed, 1, 32, 64 << 10, N, y);
    expect(cudaGetLastError() == cudaSuccess, "64 KB of shared memory were allowed");
    cudaStreamSynchronize(stream);
    early(x, host, true, false);
    cudaFree(y);
    puts("right");
}

int main(int argc, char **argv)
{
    const char *fault = argc > 1 ? argv[1] : "none";
    float host[N], *x, *y;
    for (int i = 0; i < N; i++)
        host[i] = (float)i;
    cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    x = device_floats(host, N);
    y = device_floats(nullptr, BLOCK);
    auto is = [&](const char *name) { return !strcmp(fault, name); };
    if (is("none"))
        all_right(x, host);
    else if (is("missing-barrier"))
        LAUNCH(missing_barrier, 1, BLOCK, 0, x, y);
    else if (is("out-of-bounds"))
        LAUNCH(out_of_bounds, 1, 2 * BLOCK, 0, N, x);
    else if (is("out-of-shared"))
        LAUNCH(out_of_shared, 1, BLOCK, 0, y);
    else if (is("out-of-dynamic-shared"))
        LAUNCH(reversed, 1, BLOCK, N * sizeof(float) - 16, N, x);
    else if (is("unset-shared"))
        LAUNCH(unset_shared, 1, BLOCK, 0, y);
    else if (is("divergent"))
        LAUNCH(divergent, 1, BLOCK, 0, y);
    else if (is("two-barriers"))
        LAUNCH(two_barriers, 1, BLOCK, 0, y);
    else if (is("wrong-mask"))
        LAUNCH(wrong_mask, 1, BLOCK, 0, y);
    else if (is("not-in-mask"))
        LAUNCH(not_in_mask, 1, BLOCK, 0, y);
    else if (is("two-writers"))
        LAUNCH(two_writers, 1, BLOCK, 0, y);
    else if (is("host-pointer"))
        LAUNCH(reversed, 1, BLOCK, N * sizeof(float), N, host);
    else if (is("host-pointer-in-struct"))
        LAUNCH(twice, 2, BLOCK, 0, (shape{N, host}), y);
    else if (is("host-reads-device"))
        printf("%g\n", (double)x[3]);
    else if (is("host-writes-device"))
        memset(x, 0, 4);
    else if (is("host-copied-as-device"))
        cudaMemcpy(host, y, N * sizeof *x, cudaMemcpyHostToDevice);
    else if (is("copy-too-long"))
        cudaMemcpy(host, y, N * sizeof *x, cudaMemcpyDeviceToHost);
    else if (is("freed")) {
        cudaFree(x);
        LAUNCH(twice, 2, BLOCK, 0, (shape{BLOCK, x}), y);
    } else if (is("wrong-transpose"))
        expect(product(x, host, CUBLAS_OP_T, 4), "the product of wrongly transposed matrices");
    else if (is("product-too-large"))
        product(x + N - 12, host, CUBLAS_OP_N, 3);
    else if (is("early-read"))
        early(x, host, false, true);
    else if (is("early-write"))
        early(x, host, false, false);
    else if (is("no-wait"))
        two_streams(x, host, false);
    else
        expect(false, "no fault of that name");
    cudaDeviceSynchronize();
    return 0;
}
