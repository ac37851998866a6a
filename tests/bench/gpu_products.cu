/* The three products of the output layer alone, by cuBLAS, at the thesis's shape of Last.fm: scores
 * = states · weightsᵀ, then the gradients of states and of weights from those of the scores.  Rows
 * "name<TAB>value<TAB>unit".  In bf16 the scores and their gradients are bf16 too; the resulting
 * gradients are always float32.
 *
 * Usage: gpu_products [tiny]; `tiny` takes the same paths with sizes for the emulation. */
#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "gpu_products: %s failed\n", what);
    exit(1);
}

#define CHECK(call)      check((call) == cudaSuccess, #call)
#define CHECK_BLAS(call) check((call) == CUBLAS_STATUS_SUCCESS, #call)

struct sizes {
    int targets, items, width, repeats;
};

struct products {
    cublasHandle_t blas;
    cudaDataType type;
    cublasComputeType_t compute;
    void *state, *weight, *score, *dstate, *dweight;
};

/* y [m, n] = op(a) op(b), row-major: in column-major form yᵀ = op(b)ᵀ op(a)ᵀ. */
static void product(const struct products *p, bool ta, bool tb, int m, int n, int k, const void *a,
                    int lda, const void *b, int ldb, void *y, cudaDataType type)
{
    const float one = 1, zero = 0;
    CHECK_BLAS(cublasGemmEx(p->blas, tb ? CUBLAS_OP_T : CUBLAS_OP_N, ta ? CUBLAS_OP_T : CUBLAS_OP_N,
                            n, m, k, &one, b, p->type, ldb, a, p->type, lda, &zero, y, type, n,
                            p->compute, CUBLAS_GEMM_DEFAULT));
}

static void all_three(const struct products *p, const struct sizes *s)
{
    int T = s->targets, N = s->items, H = s->width;
    product(p, false, true, T, N, H, p->state, H, p->weight, H, p->score, p->type);
    product(p, false, false, T, H, N, p->score, N, p->weight, H, p->dstate, CUDA_R_32F);
    product(p, true, false, N, H, T, p->score, N, p->state, H, p->dweight, CUDA_R_32F);
}

static void *zeros(size_t floats)
{
    void *p;
    CHECK(cudaMalloc(&p, floats * sizeof(float)));
    CHECK(cudaMemset(p, 0, floats * sizeof(float)));
    return p;
}

/* Words that are two bf16 numbers or one float32, between 0.5 and 2 with varied bits: products of
 * zeros would take less power and so run faster than real ones. */
static void *numbers(size_t floats)
{
    uint32_t *host = (uint32_t *)calloc(floats, sizeof *host), bits = 1;
    void *p = zeros(floats);
    check(host, "memory");
    for (size_t i = 0; i < floats; i++) {
        bits = bits * 1664525u + 1013904223u;
        host[i] = 0x3f003f00u | (bits >> 8 & 0x00ff00ffu);
    }
    CHECK(cudaMemcpy(p, host, floats * sizeof *host, cudaMemcpyHostToDevice));
    free(host);
    return p;
}

static float milliseconds(const struct products *p, const struct sizes *s)
{
    cudaEvent_t begin, end;
    float best = 1e30f, took;
    CHECK(cudaEventCreate(&begin));
    CHECK(cudaEventCreate(&end));
    for (int round = 0; round < 5; round++) {
        all_three(p, s);
        CHECK(cudaEventRecord(begin, 0));
        for (int i = 0; i < s->repeats; i++)
            all_three(p, s);
        CHECK(cudaEventRecord(end, 0));
        CHECK(cudaEventSynchronize(end));
        CHECK(cudaEventElapsedTime(&took, begin, end));
        best = took / (float)s->repeats < best ? took / (float)s->repeats : best;
    }
    CHECK(cudaEventDestroy(begin));
    CHECK(cudaEventDestroy(end));
    return best;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        cudaDataType type;
        cublasComputeType_t compute;
    } way[] = {{"f32", CUDA_R_32F, CUBLAS_COMPUTE_32F},
               {"tf32", CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32},
               {"bf16", CUDA_R_16BF, CUBLAS_COMPUTE_32F}};
    const struct sizes lastfm = {805, 94284, 100, 100}, small = {40, 90, 8, 1};
    const struct sizes s = argc > 1 && !strcmp(argv[1], "tiny") ? small : lastfm;
    const size_t T = (size_t)s.targets, N = (size_t)s.items, H = (size_t)s.width;
    struct products p = {};
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || !devices) {
        fprintf(stderr, "gpu_products: no usable GPU here: nothing was measured\n");
        return 69;
    }
    CHECK_BLAS(cublasCreate(&p.blas));
    p.state = numbers(T * H), p.weight = numbers(N * H), p.score = zeros(T * N);
    p.dstate = zeros(T * H), p.dweight = zeros(N * H);
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        p.type = way[i].type, p.compute = way[i].compute;
        printf("gpu_products_%s\t%.4f\tms\n", way[i].name, (double)milliseconds(&p, &s));
    }
    void *all[] = {p.state, p.weight, p.score, p.dstate, p.dweight};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        CHECK(cudaFree(all[i]));
    CHECK_BLAS(cublasDestroy(p.blas));
    return 0;
}
