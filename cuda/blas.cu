/* Products of row-major matrices by cuBLAS, which is column-major. */
#include <stdio.h>

#include "blas.h"

/* ---- the library ---- */

/* One of the overloaded forms of cublasGemmEx. */
typedef cublasStatus_t gemm_function(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int,
                                     int, const void *, const void *, cudaDataType, int,
                                     const void *, cudaDataType, int, const void *, void *,
                                     cudaDataType, int, cublasComputeType_t, cublasGemmAlgo_t);

static struct {
    decltype(&cublasCreate) create;
    decltype(&cublasDestroy) destroy;
    decltype(&cublasSetStream) set_stream;
    decltype(&cublasSetWorkspace) set_workspace;
    gemm_function *gemm;
} blas;

#ifdef __CUDACC__
#include <dlfcn.h>

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

template <class F> static bool function(void *file, const char *name, F *to)
{
    *to = (F)dlsym(file, name);
    return *to != nullptr;
}

bool blas_load(char *why, size_t room)
{
    static const char name[] = "libcublas.so." TEXT(CUBLAS_VER_MAJOR);
    void *file = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (file && function(file, TEXT(cublasCreate), &blas.create) &&
        function(file, TEXT(cublasDestroy), &blas.destroy) &&
        function(file, TEXT(cublasSetStream), &blas.set_stream) &&
        function(file, TEXT(cublasSetWorkspace), &blas.set_workspace) &&
        function(file, TEXT(cublasGemmEx), &blas.gemm))
        return true;
    snprintf(why, room, "no cuBLAS: %s", dlerror());
    return false;
}
#else
bool blas_load(char *why, size_t room)
{
    (void)why, (void)room;
    blas.create = cublasCreate;
    blas.destroy = cublasDestroy;
    blas.set_stream = cublasSetStream;
    blas.set_workspace = cublasSetWorkspace;
    blas.gemm = cublasGemmEx;
    return true;
}
#endif

static void check(cublasStatus_t got, const char *where, const char *what)
{
    char text[200];
    if (got == CUBLAS_STATUS_SUCCESS)
        return;
    snprintf(text, sizeof text, "%s: cuBLAS status %d", what, (int)got);
    cuda_fail(STATUS_UNAVAILABLE, where, text);
}

#define CHECK_BLAS(call) check((call), __func__, #call)

void blas_open(struct cuda *c, int major)
{
    size_t bytes = (size_t)(major >= 9 ? 32 : 4) << 20; /* as cuBLAS recommends */
    c->blas_workspace = cuda_alloc(&c->device, bytes);
    CHECK_BLAS(blas.create(&c->blas));
    CHECK_BLAS(blas.set_stream(c->blas, c->compute));
    CHECK_BLAS(blas.set_workspace(c->blas, c->blas_workspace, bytes));
}

void blas_close(struct cuda *c)
{
    CHECK_BLAS(blas.destroy(c->blas));
    cuda_release(&c->device, c->blas_workspace);
}

/* ---- products ---- */

/* y = beta y */
template <class Y>
static __global__ void scale_rows(int rows, int cols, float beta, Y *y, int ldy)
{
    for EACH (i, (size_t)rows * cols) {
        Y *at = y + i / cols * ldy + i % cols;
        number_to(beta == 0 ? 0 : beta * number_of(*at), at);
    }
}

static cudaDataType_t type_of(const float *)
{
    return CUDA_R_32F;
}

static cudaDataType_t type_of(const bf16 *)
{
    return CUDA_R_16BF;
}

/* A row-major matrix is its transpose in column-major order: yᵀ = op(b)ᵀ op(a)ᵀ. */
template <class X, class Y>
static void product(struct cuda *c, cublasComputeType_t compute, bool ta, bool tb, int m, int n,
                    int k, const X *a, int lda, const X *b, int ldb, float beta, Y *y, int ldy)
{
    const float one = 1;
    if (m <= 0 || n <= 0)
        return;
    if (k <= 0) { /* no terms */
        size_t size = (size_t)m * (size_t)n;
        LAUNCH(c, scale_rows<Y>, cuda_grid(c, size, 256), 256, 0, m, n, beta, y, ldy);
        return;
    }
    cuda_before_launch(c);
    CHECK_BLAS(blas.gemm(c->blas, tb ? CUBLAS_OP_T : CUBLAS_OP_N, ta ? CUBLAS_OP_T : CUBLAS_OP_N, n,
                         m, k, &one, b, type_of(b), ldb, a, type_of(a), lda, &beta, y, type_of(y), ldy,
                         compute, CUBLAS_GEMM_DEFAULT));
}

void cuda_gemm(struct cuda *c, bool ta, bool tb, int m, int n, int k, const float *a, int lda,
               const float *b, int ldb, float beta, float *y, int ldy)
{
    product(c, CUBLAS_COMPUTE_32F, ta, tb, m, n, k, a, lda, b, ldb, beta, y, ldy);
}

void cuda_gemm_bf16(struct cuda *c, bool ta, bool tb, int m, int n, int k, const bf16 *a, int lda,
                    const bf16 *b, int ldb, float beta, float *y, int ldy)
{
    product(c, CUBLAS_COMPUTE_32F, ta, tb, m, n, k, a, lda, b, ldb, beta, y, ldy);
}

void cuda_gemm_bf16(struct cuda *c, bool ta, bool tb, int m, int n, int k, const bf16 *a, int lda,
                    const bf16 *b, int ldb, float beta, bf16 *y, int ldy)
{
    product(c, CUBLAS_COMPUTE_32F, ta, tb, m, n, k, a, lda, b, ldb, beta, y, ldy);
}

void cuda_gemm_wide(struct cuda *c, bool ta, bool tb, int m, int n, int k, const float *a, int lda,
                    const float *b, int ldb, float beta, float *y, int ldy)
{
    cublasComputeType_t compute =
        c->precision == PRECISION_F32 ? CUBLAS_COMPUTE_32F : CUBLAS_COMPUTE_32F_FAST_TF32;
    product(c, compute, ta, tb, m, n, k, a, lda, b, ldb, beta, y, ldy);
}
