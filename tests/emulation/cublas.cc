/* cuBLAS by plain loops, column-major.  Each element is one sum in the order of k, so that equal
 * columns give equal results and no test depends on a library's rounding. */
#include "cublas_v2.h"

#include <vector>

#include "inside.h"

struct emulated_cublas {
    cudaStream_t stream;
    cublasMath_t math;
};

struct operand {
    const void *at;
    cudaDataType type;
    int rows, cols, ld; /* as in memory, column-major */
    long long stride;
};

struct product {
    bool ta, tb, tf32;
    int m, n, k, batch;
    float alpha, beta;
    operand a, b, c;
};

/* ---- handles ---- */

cublasStatus_t cublasCreate(cublasHandle_t *handle)
{
    *handle = new emulated_cublas{nullptr, CUBLAS_DEFAULT_MATH};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle)
{
    streams_finish();
    delete handle;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetVersion(cublasHandle_t, int *version)
{
    *version = CUDART_VERSION;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream)
{
    handle->stream = stream;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t, void *workspace, size_t bytes)
{
    memory_require("cublasSetWorkspace", "the workspace", workspace, bytes);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode)
{
    handle->math = mode;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetPointerMode(cublasHandle_t, cublasPointerMode_t mode)
{
    return mode == CUBLAS_POINTER_MODE_HOST ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasSetAtomicsMode(cublasHandle_t, cublasAtomicsMode_t)
{
    return CUBLAS_STATUS_SUCCESS;
}

const char *cublasGetStatusString(cublasStatus_t status)
{
    switch (status) {
    case CUBLAS_STATUS_SUCCESS:
        return "success";
    case CUBLAS_STATUS_NOT_INITIALIZED:
        return "not initialized";
    case CUBLAS_STATUS_INVALID_VALUE:
        return "an unsupported value or parameter";
    default:
        return "not supported";
    }
}

/* ---- one product ---- */

static size_t size_of(cudaDataType type)
{
    return type == CUDA_R_16BF ? sizeof(__nv_bfloat16) : sizeof(float);
}

static size_t columns_of(const operand &o)
{
    return o.rows ? (size_t)o.cols : 0;
}

static size_t extent(const operand &o)
{
    return columns_of(o) ? ((size_t)o.ld * (columns_of(o) - 1) + (size_t)o.rows) * size_of(o.type)
                         : 0;
}

static const char *of_batch(const operand &o, int i)
{
    return (const char *)o.at + (long long)i * o.stride * (long long)size_of(o.type);
}

/* Rounds to the nearest number with 10 bits of fraction, as tensor cores do in TF32. */
static float to_tf32(float x)
{
    return x - x != 0 ? x : __uint_as_float((__float_as_uint(x) + 0x1000u) & ~0x1fffu);
}

/* The operand as contiguous floats. */
static std::vector<float> floats_of(const operand &o, const char *from, bool tf32)
{
    size_t rows = (size_t)o.rows;
    std::vector<float> to(rows * columns_of(o));
    for (size_t j = 0; j < columns_of(o); j++)
        for (size_t i = 0; i < rows; i++) {
            size_t at = j * (size_t)o.ld + i;
            float x = o.type == CUDA_R_16BF ? __bfloat162float(((const __nv_bfloat16 *)from)[at])
                                            : ((const float *)from)[at];
            to[j * rows + i] = tf32 ? to_tf32(x) : x;
        }
    return to;
}

/* c [m] = beta c + alpha Σ_p op(a)_p b_p, one column; elements of b are `step` apart. */
static void multiply_column(const product &p, const float *a, const float *b, size_t step, float *c)
{
    size_t m = (size_t)p.m;
    for (size_t i = 0; i < m; i++)
        c[i] = p.beta == 0 ? 0 : p.beta * c[i];
    for (size_t k = 0; k < (size_t)p.k; k++) {
        float factor = p.alpha * b[k * step];
        for (size_t i = 0; i < m; i++)
            c[i] += factor * a[k * m + i];
    }
}

static void multiply(const product &p, const float *a, int lda, const float *b, int ldb, float *c,
                     int ldc)
{
    size_t m = (size_t)p.m, ka = p.ta ? 1 : (size_t)lda, ia = p.ta ? (size_t)lda : 1;
    std::vector<float> packed(m * (size_t)p.k); /* op(a), its columns end to end */
    for (size_t k = 0; k < (size_t)p.k; k++)
        for (size_t i = 0; i < m; i++)
            packed[k * m + i] = a[k * ka + i * ia];
    for (size_t j = 0; j < (size_t)p.n; j++)
        multiply_column(p, packed.data(), b + j * (p.tb ? 1 : (size_t)ldb),
                        p.tb ? (size_t)ldb : 1, c + j * (size_t)ldc);
}

static void product_of(const product &p, int i)
{
    const char *a = of_batch(p.a, i), *b = of_batch(p.b, i);
    char *c = (char *)of_batch(p.c, i);
    if (p.k) {
        memory_open("the first operand", a, extent(p.a));
        memory_open("the second operand", b, extent(p.b));
    }
    memory_open("the result", c, extent(p.c));
    bool plain = p.a.type == CUDA_R_32F && p.b.type == CUDA_R_32F && p.c.type == CUDA_R_32F;
    if (plain && !p.tf32) {
        multiply(p, (const float *)a, p.a.ld, (const float *)b, p.b.ld, (float *)c, p.c.ld);
        return;
    }
    std::vector<float> x = floats_of(p.a, a, p.tf32), y = floats_of(p.b, b, p.tf32);
    std::vector<float> z = floats_of(p.c, c, false);
    multiply(p, x.data(), p.a.rows ? p.a.rows : 1, y.data(), p.b.rows ? p.b.rows : 1, z.data(),
             p.m);
    for (int j = 0; j < p.n; j++)
        for (int r = 0; r < p.m; r++) {
            size_t at = (size_t)j * (size_t)p.c.ld + (size_t)r;
            float value = z[(size_t)j * (size_t)p.m + (size_t)r];
            if (p.c.type == CUDA_R_16BF)
                ((__nv_bfloat16 *)c)[at] = __float2bfloat16(value);
            else
                ((float *)c)[at] = value;
        }
}

static bool is_legal(const product &p)
{
    const operand *all[] = {&p.a, &p.b, &p.c};
    for (const operand *o : all)
        if (o->rows < 0 || o->cols < 0 || o->ld < (o->rows ? o->rows : 1) ||
            (o->type != CUDA_R_32F && o->type != CUDA_R_16BF))
            return false;
    return p.a.type == p.b.type && p.batch >= 0;
}

static cublasStatus_t enqueue(const char *call, cublasHandle_t handle, const product &p)
{
    host_call held;
    if (!handle)
        return CUBLAS_STATUS_NOT_INITIALIZED;
    if (!is_legal(p))
        return CUBLAS_STATUS_INVALID_VALUE;
    if (!p.m || !p.n)
        return CUBLAS_STATUS_SUCCESS;
    for (int i = 0; i < p.batch; i++) {
        if (p.k) {
            memory_require(call, "the first operand", of_batch(p.a, i), extent(p.a));
            memory_require(call, "the second operand", of_batch(p.b, i), extent(p.b));
        }
        memory_require(call, "the result", of_batch(p.c, i), extent(p.c));
    }
    work_trace("product %d %d %d", p.n, p.m, p.k); /* row-major */
    stream_enqueue(handle->stream, [p, call] {
        device_work work(call);
        for (int i = 0; i < p.batch; i++)
            product_of(p, i);
    });
    return CUBLAS_STATUS_SUCCESS;
}

static product describe(cublasOperation_t ta, cublasOperation_t tb, int m, int n, int k,
                        const void *alpha, const void *beta)
{
    product p = {};
    p.ta = ta != CUBLAS_OP_N;
    p.tb = tb != CUBLAS_OP_N;
    p.m = m;
    p.n = n;
    p.k = k;
    p.batch = 1;
    p.alpha = *(const float *)alpha;
    p.beta = *(const float *)beta;
    return p;
}

static operand matrix(const void *at, cudaDataType type, bool transposed, int rows, int cols,
                      int ld, long long stride)
{
    return operand{at, type, transposed ? cols : rows, transposed ? rows : cols, ld, stride};
}

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t handle, cublasOperation_t ta,
                                          cublasOperation_t tb, int m, int n, int k,
                                          const void *alpha, const void *a, cudaDataType a_type,
                                          int lda, long long stride_a, const void *b,
                                          cudaDataType b_type, int ldb, long long stride_b,
                                          const void *beta, void *c, cudaDataType c_type, int ldc,
                                          long long stride_c, int batch,
                                          cublasComputeType_t compute, cublasGemmAlgo_t)
{
    product p = describe(ta, tb, m, n, k, alpha, beta);
    p.tf32 = a_type == CUDA_R_32F && handle &&
             (compute == CUBLAS_COMPUTE_32F_FAST_TF32 ||
              (compute == CUBLAS_COMPUTE_32F && handle->math == CUBLAS_TF32_TENSOR_OP_MATH));
    p.a = matrix(a, a_type, p.ta, m, k, lda, stride_a);
    p.b = matrix(b, b_type, p.tb, k, n, ldb, stride_b);
    p.c = matrix(c, c_type, false, m, n, ldc, stride_c);
    p.batch = batch;
    return enqueue("cuBLAS gemm", handle, p);
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t ta, cublasOperation_t tb,
                            int m, int n, int k, const void *alpha, const void *a,
                            cudaDataType a_type, int lda, const void *b, cudaDataType b_type,
                            int ldb, const void *beta, void *c, cudaDataType c_type, int ldc,
                            cublasComputeType_t compute, cublasGemmAlgo_t algorithm)
{
    return cublasGemmStridedBatchedEx(handle, ta, tb, m, n, k, alpha, a, a_type, lda, 0, b, b_type,
                                      ldb, 0, beta, c, c_type, ldc, 0, 1, compute, algorithm);
}

cublasStatus_t cublasSgemmStridedBatched(cublasHandle_t handle, cublasOperation_t ta,
                                         cublasOperation_t tb, int m, int n, int k,
                                         const float *alpha, const float *a, int lda,
                                         long long stride_a, const float *b, int ldb,
                                         long long stride_b, const float *beta, float *c, int ldc,
                                         long long stride_c, int batch)
{
    return cublasGemmStridedBatchedEx(handle, ta, tb, m, n, k, alpha, a, CUDA_R_32F, lda, stride_a,
                                      b, CUDA_R_32F, ldb, stride_b, beta, c, CUDA_R_32F, ldc,
                                      stride_c, batch, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
}

cublasStatus_t cublasSgemm(cublasHandle_t handle, cublasOperation_t ta, cublasOperation_t tb, int m,
                           int n, int k, const float *alpha, const float *a, int lda,
                           const float *b, int ldb, const float *beta, float *c, int ldc)
{
    return cublasSgemmStridedBatched(handle, ta, tb, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c,
                                     ldc, 0, 1);
}
