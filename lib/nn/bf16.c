#include "nn/bf16.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "nn/cpu.h"
#include "nn/cpu_tile.h"
#include "nn/maths.h"

#ifdef BLAS_ONEDNN

#include <dnnl.h>

/* The shape of a product.  Each thread prepares its own product of a shape: the memory that a
 * product works in is not shared. */
struct product_shape {
    bool bf16, turned;
    dnnl_dim_t m, n, k, lda, ldb, ldc;
};

struct prepared {
    struct product_shape shape;
    dnnl_primitive_t product;
    dnnl_memory_t a, b, c;
};

/* A variable of the process, as the library has one processor; prepared products are a thread's. */
static dnnl_engine_t engine_of_all;

static void must(dnnl_status_t status)
{
    if (status != dnnl_success) /* shapes and types are legal, so memory ran out */
        mem_fail(0);
}

/* Describes rows × cols numbers; row and col are the strides between rows and between columns. */
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
    const struct product_shape *s = &p->shape;
    dnnl_memory_desc_t a, b, c;
    dnnl_primitive_desc_t made;
    dnnl_primitive_attr_t attributes;
    dnnl_post_ops_t after;
    p->a = s->turned ? describe(&a, s->bf16, s->m, s->k, 1, s->lda)
                     : describe(&a, s->bf16, s->m, s->k, s->lda, 1);
    p->b = describe(&b, s->bf16, s->k, s->n, s->ldb, 1);
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

static bool same_shape(const struct product_shape *x, const struct product_shape *y)
{
    return x->bf16 == y->bf16 && x->turned == y->turned && x->m == y->m && x->n == y->n &&
           x->k == y->k && x->lda == y->lda && x->ldb == y->ldb && x->ldc == y->ldc;
}

/* Returns the thread's product of a shape; prepares it on first use. */
static struct prepared *prepared_for(const struct product_shape *s)
{
    enum {
        SHAPES = 32
    }; /* a step has about ten shapes: per chunk one of whole tiles and one of the last tile */
    static _Thread_local struct prepared known[SHAPES];
    static _Thread_local int count;
    int filled = count < SHAPES ? count : SHAPES;
    for (int i = 0; i < filled; i++)
        if (same_shape(&known[i].shape, s))
            return &known[i];
    struct prepared *p = &known[count++ % SHAPES];
    if (count > SHAPES)
        forget(p);
    p->shape = *s;
    prepare(p);
    return p;
}

static void multiply(const struct bf16_product *q, bool bf16, const void *a, const void *b)
{
    static _Thread_local dnnl_stream_t stream;
    const struct product_shape s = {.bf16 = bf16,
                                    .turned = q->turned,
                                    .m = (dnnl_dim_t)q->m,
                                    .n = (dnnl_dim_t)q->n,
                                    .k = (dnnl_dim_t)q->k,
                                    .lda = (dnnl_dim_t)q->lda,
                                    .ldb = (dnnl_dim_t)q->ldb,
                                    .ldc = (dnnl_dim_t)q->ldc};
    int threads = omp_get_max_threads();
    if (!q->m || !q->n || !q->k)
        return;
    omp_set_num_threads(1); /* as in blas_sgemm */
#pragma omp critical(bf16_engine)
    if (!engine_of_all)
        must(dnnl_engine_create(&engine_of_all, dnnl_cpu, 0));
    if (!stream)
        must(dnnl_stream_create(&stream, engine_of_all, dnnl_stream_default_flags));
    struct prepared *p = prepared_for(&s);
    must(dnnl_memory_set_data_handle(p->a, (void *)(uintptr_t)a));
    must(dnnl_memory_set_data_handle(p->b, (void *)(uintptr_t)b));
    must(dnnl_memory_set_data_handle(p->c, q->c));
    const dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, p->a}, {DNNL_ARG_WEIGHTS, p->b}, {DNNL_ARG_DST, p->c}};
    must(dnnl_primitive_execute(p->product, stream, 3, arguments));
    must(dnnl_stream_wait(stream));
    omp_set_num_threads(threads);
}

static const char *no_instructions(void)
{
    unsigned isa = dnnl_get_effective_cpu_isa(), wanted = dnnl_cpu_isa_avx512_core_bf16;
    return (isa & wanted) == wanted ? NULL : "the processor has neither AMX nor AVX512_BF16";
}

#else

static void multiply(const struct bf16_product *q, bool bf16, const void *a, const void *b)
{
    (void)q, (void)bf16, (void)a, (void)b;
    mem_fail(0); /* not reached: bf16_missing refuses bf16 first */
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

bool bf16_by_float32(void)
{
    return is_rounded() && no_instructions();
}

/* ---- products ---- */

VECTOR void bf16_round(size_t rows, size_t cols, const float *from, size_t ld,
                       uint16_t *restrict to, size_t to_ld)
{
    for (size_t i = 0; i < rows; i++, from += ld, to += to_ld)
#pragma omp simd
        for (size_t j = 0; j < cols; j++)
            to[j] = maths_to_bf16(from[j]);
}

VECTOR static void unpack(size_t n, const uint16_t *from, float *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = maths_from_bf16(from[i]);
}

/* Multiplies the rounded factors in float32. */
static void multiply_rounded(const struct bf16_product *p)
{
    size_t rows = p->turned ? p->k : p->m, columns = p->turned ? p->m : p->k;
    float *x = mem_aligned((p->m * p->k + p->k * p->n) * sizeof *x), *y = x + p->m * p->k;
    for (size_t i = 0; i < rows; i++)
        unpack(columns, p->a + i * p->lda, x + i * columns);
    for (size_t i = 0; i < p->k; i++)
        unpack(p->n, p->b + i * p->ldb, y + i * p->n);
    cpu_tile_product(&(struct tile_product){
        .m = p->m,
        .n = p->n,
        .k = p->k,
        .a = x,
        .lda = columns,
        .turned = p->turned,
        .b = y,
        .ldb = p->n,
        .c = p->c,
        .ldc = p->ldc,
    });
    mem_free(x);
}

void bf16_multiply(const struct bf16_product *p)
{
    if (p->by_float32)
        multiply_rounded(p);
    else
        multiply(p, true, p->a, p->b);
}

void bf16_multiply_floats(const struct bf16_product *p, const float *a, const float *b)
{
    multiply(p, false, a, b);
}
