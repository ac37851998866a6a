#include "nn/blas.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#ifdef BLAS_ONEDNN

#include <dnnl.h>

void blas_sgemm(bool ta, bool tb, int m, int n, int k, const float *a, int lda, const float *b,
                int ldb, float beta, float *c, int ldc)
{
    /* Outside a parallel region oneDNN would start threads of its own. */
    int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    dnnl_status_t status =
        dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
    omp_set_num_threads(threads);
    if (status != dnnl_success) /* the arguments are valid, so its scratch memory ran out */
        mem_fail((size_t)m * (size_t)k * sizeof *a);
}

void blas_run_alone(void)
{
    /* blas_sgemm sees to it */
}

void blas_name(char to[BLAS_NAME])
{
    static const struct {
        unsigned isa;
        const char *name;
    } kernels[] = {
        {dnnl_cpu_isa_avx512_core_amx, "AMX"},
        {dnnl_cpu_isa_avx512_core_bf16, "AVX512_BF16"},
        {dnnl_cpu_isa_avx512_core_vnni, "AVX512_VNNI"},
        {dnnl_cpu_isa_avx512_core, "AVX512"},
        {dnnl_cpu_isa_avx2, "AVX2"},
        {dnnl_cpu_isa_avx, "AVX"},
        {dnnl_cpu_isa_sse41, "SSE4.1"},
    };
    const dnnl_version_t *v = dnnl_version();
    unsigned isa = dnnl_get_effective_cpu_isa();
    const char *kernel = "plain";
    for (size_t i = sizeof kernels / sizeof *kernels; i-- > 0;)
        if ((isa & kernels[i].isa) == kernels[i].isa)
            kernel = kernels[i].name;
    snprintf(to, BLAS_NAME, "oneDNN %d.%d.%d (%s)", v->major, v->minor, v->patch, kernel);
}

const char *blas_advice(void)
{
    return NULL;
}

bool blas_fit_processor(void)
{
    return false;
}

#else

#include <cblas.h>

/* Functions of single libraries: NULL where another library is linked. */
extern void openblas_set_num_threads(int n) __attribute__((weak));
extern char *openblas_get_corename(void) __attribute__((weak));
extern char *openblas_get_config(void) __attribute__((weak));
extern void MKL_Set_Num_Threads(int n) __attribute__((weak));
extern void bli_thread_set_num_threads(int64_t n) __attribute__((weak));
extern void ATL_buildinfo(void) __attribute__((weak));

void blas_run_alone(void)
{
    if (openblas_set_num_threads)
        openblas_set_num_threads(1);
    if (MKL_Set_Num_Threads)
        MKL_Set_Num_Threads(1);
    if (bli_thread_set_num_threads)
        bli_thread_set_num_threads(1);
}

void blas_sgemm(bool ta, bool tb, int m, int n, int k, const float *a, int lda, const float *b,
                int ldb, float beta, float *c, int ldc)
{
    cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, m, n,
                k, 1, a, lda, b, ldb, beta, c, ldc);
}

void blas_name(char to[BLAS_NAME])
{
    char version[16] = "";
    if (openblas_get_config) /* "OpenBLAS 0.3.21 DYNAMIC_ARCH ..." */
        sscanf(openblas_get_config(), "OpenBLAS %15s", version);
    if (openblas_get_corename)
        snprintf(to, BLAS_NAME, "OpenBLAS %s (%s)", version, openblas_get_corename());
    else
        snprintf(to, BLAS_NAME, "%s",
                 MKL_Set_Num_Threads          ? "MKL"
                 : bli_thread_set_num_threads ? "BLIS"
                 : ATL_buildinfo              ? "ATLAS"
                                              : "reference BLAS");
}

const char *blas_advice(void)
{
    char name[BLAS_NAME];
    blas_name(name);
    if (strcmp(name, "reference BLAS"))
        return NULL;
    return "matrix products come from a reference BLAS, many times slower than others: install "
           "libdnnl-dev (oneDNN) and build again";
}

/* The newest instructions that an OpenBLAS kernel uses: 0 SSE, 1 AVX, 2 AVX2, 3 AVX-512; -1: an
 * unknown name. */
static int generation_of(const char *core)
{
    static const struct {
        const char *core;
        int generation;
    } known[] = {
        {"Katmai", 0},         {"Coppermine", 0}, {"Northwood", 0},   {"Prescott", 0},
        {"Banias", 0},         {"Core2", 0},      {"Penryn", 0},      {"Dunnington", 0},
        {"Nehalem", 0},        {"Atom", 0},       {"Athlon", 0},      {"Opteron", 0},
        {"Barcelona", 0},      {"Bobcat", 0},     {"Nano", 0},        {"Sandybridge", 1},
        {"Bulldozer", 1},      {"Piledriver", 1}, {"Steamroller", 1}, {"Haswell", 2},
        {"Excavator", 2},      {"Zen", 2},        {"SkylakeX", 3},    {"Cooperlake", 3},
        {"SapphireRapids", 3},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcasecmp(known[i].core, core))
            return known[i].generation;
    return -1;
}

/* The newest instructions that the processor and the system let programs use, on the same scale. */
static int generation_here(void)
{
#if defined __x86_64__
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
        return 3;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return 2;
    return __builtin_cpu_supports("avx") ? 1 : 0;
#else
    return -1;
#endif
}

bool blas_fit_processor(void)
{
    static const char *const newest[] = {"Nehalem", "Sandybridge", "Haswell", "SkylakeX"};
    if (!openblas_get_corename || getenv("OPENBLAS_CORETYPE"))
        return false;
    int runs = generation_of(openblas_get_corename()), fits = generation_here();
    /* cppcheck-suppress incorrectLogicOperator ; where fits is always -1 */
    return runs >= 0 && fits > runs && !setenv("OPENBLAS_CORETYPE", newest[fits], 0);
}

#endif
