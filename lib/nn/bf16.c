#include "nn/bf16.h"

#include <omp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "nn/cpu.h"
#include "nn/maths.h"

#ifdef BLAS_ONEDNN

#include <dnnl.h>

/* A product of one shape: made once for each thread, since threads must not share what it works
 * in. */
struct shape {
    bool bf16, turned;
    dnnl_dim_t m, n, k, ldc;
};

struct prepared {
    struct shape shape;
    dnnl_primitive_t product;
    dnnl_memory_t a, b, c;
};

static dnnl_engine_t engine_of_all;

static void must(dnnl_status_t status)
{
    if (status != dnnl_success) /* shapes and types are legal: memory was not to be had */
        mem_fail(0);
}

/* The description of rows × cols numbers; strides between rows and between columns. */
static dnnl_memory_t describe(dnnl_memory_desc_t *d, bool bf16, dnnl_dim_t rows, dnnl_dim_t cols,
                              dnnl_dim_t row, dnnl_dim_t col)
{
    dnnl_memory_t memory;
    const dnnl_dims_t dims = {rows, cols}, strides = {row, col};
    dnnl_data_type_t type = bf16 ? dnnl_bf16 : dnnl_f32;
#if DNNL_VERSION_MAJOR < 3
    must(dnnl_memory_desc_init_by_strides(d, 2, dims, type, strides));
    must(dnnl_memory_create(&memory, d, engine_of_all, DNNL_MEMORY_NONE));
#else
    must(dnnl_memory_desc_create_with_strides(d, 2, dims, type, strides));
    must(dnnl_memory_create(&memory, *d, engine_of_all, DNNL_MEMORY_NONE));
#endif
    return memory;
}

static void prepare(struct prepared *p)
{
    const struct shape *s = &p->shape;
    dnnl_memory_desc_t a, b, c;
    dnnl_primitive_desc_t made;
    dnnl_primitive_attr_t attributes;
    dnnl_post_ops_t after;
    p->a = s->turned ? describe(&a, s->bf16, s->m, s->k, 1, s->m)
                     : describe(&a, s->bf16, s->m, s->k, s->k, 1);
    p->b = describe(&b, s->bf16, s->k, s->n, s->n, 1);
    p->c = describe(&c, false, s->m, s->n, s->ldc, 1);
    must(dnnl_primitive_attr_create(&attributes));
    must(dnnl_post_ops_create(&after)); /* c += */
#if DNNL_VERSION_MAJOR < 3
    dnnl_matmul_desc_t product;
    must(dnnl_post_ops_append_sum(after, 1));
    must(dnnl_primitive_attr_set_post_ops(attributes, after));
    must(dnnl_matmul_desc_init(&product, &a, &b, NULL, &c));
    must(dnnl_primitive_desc_create(&made, &product, attributes, engine_of_all, NULL));
#else
    must(dnnl_post_ops_append_sum(after, 1, 0, dnnl_data_type_undef));
    must(dnnl_primitive_attr_set_post_ops(attributes, after));
    must(dnnl_matmul_primitive_desc_create(&made, engine_of_all, a, b, NULL, c, attributes));
    must(dnnl_memory_desc_destroy(a));
    must(dnnl_memory_desc_destroy(b));
    must(dnnl_memory_desc_destroy(c));
#endif
    must(dnnl_primitive_create(&p->product, made));
    must(dnnl_primitive_desc_destroy(made));
    must(dnnl_post_ops_destroy(after));
    must(dnnl_primitive_attr_destroy(attributes));
}

static void forget(struct prepared *p)
{
    dnnl_primitive_destroy(p->product);
    dnnl_memory_destroy(p->a);
    dnnl_memory_destroy(p->b);
    dnnl_memory_destroy(p->c);
}

void bf16_multiply(bool bf16, bool turned, size_t m, size_t n, size_t k, const void *a,
                   const void *b, float *c, size_t ldc)
{
    enum { SHAPES = 32 }; /* a step has some ten: tiles and panels, and the last ones of each */
    static _Thread_local struct prepared known[SHAPES];
    static _Thread_local dnnl_stream_t stream;
    static _Thread_local int count;
    const struct shape s = {.bf16 = bf16,
                            .turned = turned,
                            .m = (dnnl_dim_t)m,
                            .n = (dnnl_dim_t)n,
                            .k = (dnnl_dim_t)k,
                            .ldc = (dnnl_dim_t)ldc};
    int threads = omp_get_max_threads(), i = 0;
    omp_set_num_threads(1); /* as in blas_sgemm */
#pragma omp critical(bf16_engine)
    if (!engine_of_all)
        must(dnnl_engine_create(&engine_of_all, dnnl_cpu, 0));
    if (!stream)
        must(dnnl_stream_create(&stream, engine_of_all, dnnl_stream_default_flags));
    int filled = count < SHAPES ? count : SHAPES;
    while (i < filled && (known[i].shape.bf16 != s.bf16 || known[i].shape.turned != s.turned ||
                          known[i].shape.m != s.m || known[i].shape.n != s.n ||
                          known[i].shape.k != s.k || known[i].shape.ldc != s.ldc))
        i++;
    if (i == filled) {
        i = count++ % SHAPES;
        if (count > SHAPES)
            forget(&known[i]);
        known[i].shape = s;
        prepare(&known[i]);
    }
    must(dnnl_memory_set_data_handle(known[i].a, (void *)(uintptr_t)a));
    must(dnnl_memory_set_data_handle(known[i].b, (void *)(uintptr_t)b));
    must(dnnl_memory_set_data_handle(known[i].c, c));
    const dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, known[i].a}, {DNNL_ARG_WEIGHTS, known[i].b}, {DNNL_ARG_DST, known[i].c}};
    must(dnnl_primitive_execute(known[i].product, stream, 3, arguments));
    must(dnnl_stream_wait(stream));
    omp_set_num_threads(threads);
}

static const char *no_instructions(void)
{
    unsigned isa = dnnl_get_effective_cpu_isa(), wanted = dnnl_cpu_isa_avx512_core_bf16;
    return (isa & wanted) == wanted ? NULL : "the processor has neither AMX nor AVX512_BF16";
}

#else

void bf16_multiply(bool bf16, bool turned, size_t m, size_t n, size_t k, const void *a,
                   const void *b, float *c, size_t ldc)
{
    (void)bf16, (void)turned, (void)m, (void)n, (void)k, (void)a, (void)b, (void)c, (void)ldc;
    mem_fail(0); /* nobody asks: bf16_missing */
}

static const char *no_instructions(void)
{
    return "this build has no oneDNN (make BLAS=onednn)";
}

#endif

static bool is_rounded(void)
{
    const char *how = getenv("SESSPIPE_BF16");
    return how && !strcmp(how, "rounded");
}

const char *bf16_missing(void)
{
    return is_rounded() ? NULL : no_instructions();
}

/* Whether float32 multiplies the rounded factors; looked up once. */
static bool by_float32(void)
{
    enum { UNKNOWN, YES, NO };
    static atomic_int answer = UNKNOWN;
    int known = atomic_load_explicit(&answer, memory_order_relaxed);
    if (known == UNKNOWN) {
        known = is_rounded() && no_instructions() ? YES : NO;
        atomic_store_explicit(&answer, known, memory_order_relaxed);
    }
    return known == YES;
}

/* ---- factors ---- */

VECTOR static void pack(size_t rows, size_t cols, size_t ld, const float *from, uint16_t *to)
{
    for (size_t i = 0; i < rows; i++)
#pragma omp simd
        for (size_t j = 0; j < cols; j++)
            to[i * cols + j] = maths_to_bf16(from[i * ld + j]);
}

VECTOR static void unpack(size_t n, const uint16_t *from, float *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = maths_from_bf16(from[i]);
}

/* The same by float32's product. */
static void multiply_rounded(const struct tile_product *p, const uint16_t *a, const uint16_t *b,
                             bool turned)
{
    float *x = mem_aligned((p->m * p->k + p->k * p->n) * sizeof *x), *y = x + p->m * p->k;
    struct tile_product q = *p;
    unpack(p->m * p->k, a, x);
    unpack(p->k * p->n, b, y);
    q.a = x, q.a_row = turned ? 1 : p->k, q.a_col = turned ? p->m : 1;
    q.b = y, q.ldb = p->n;
    q.bias = NULL;
    cpu_tile_product(&q);
    mem_free(x);
}

void bf16_product(const struct tile_product *p, uint16_t *packed)
{
    bool turned = p->a_row == 1 && p->a_col != 1;
    uint16_t *a = packed, *b = packed + (p->m * p->k + 31) / 32 * 32;
    if (!p->m || !p->n || !p->k)
        return;
    if (turned)
        pack(p->k, p->m, p->a_col, p->a, a);
    else
        pack(p->m, p->k, p->a_row, p->a, a);
    pack(p->k, p->n, p->ldb, p->b, b);
    for (size_t i = 0; p->bias && i < p->m; i++)
        for (size_t j = 0; j < p->n; j++)
            p->c[i * p->ldc + j] = p->bias[i];
    if (by_float32())
        multiply_rounded(p, a, b, turned);
    else
        bf16_multiply(true, turned, p->m, p->n, p->k, a, b, p->c, p->ldc);
}
