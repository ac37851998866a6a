/* Matrix products by every library that is installed, whatever the programs were built with; a step
 * is compared with the fastest one. */
#ifndef TESTS_BENCH_PRODUCTS_H
#define TESTS_BENCH_PRODUCTS_H

#include <dlfcn.h>
#include <omp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A loaded library; only one of the two forms of the product is available. */
struct library {
    const char *name;
    int (*dnnl)(char ta, char tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
                int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);
    void (*cblas)(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a,
                  int lda, const float *b, int ldb, float beta, float *c, int ldc);
    void (*set_int)(int threads);
    void (*set_long)(int64_t threads);
};

enum { LIBRARIES_MOST = 4 };

static inline bool library_find(void *file, const char *name, void *to)
{
    void *at = dlsym(file, name);
    memcpy(to, &at, sizeof at);
    return at != NULL;
}

/* Loads the libraries that are installed; returns their number. */
static inline int libraries_open(struct library to[LIBRARIES_MOST])
{
    static const struct {
        const char *name, *file[3], *product, *threads;
    } known[] = {
        {"oneDNN", {"libdnnl.so.3", "libdnnl.so.2"}, "dnnl_sgemm", NULL},
        {"OpenBLAS", {"libopenblas.so.0"}, "cblas_sgemm", "openblas_set_num_threads"},
        {"BLIS", {"libblis.so.4", "libblis.so.5"}, "cblas_sgemm", "bli_thread_set_num_threads"},
        {"MKL", {"libmkl_rt.so.2", "libmkl_rt.so"}, "cblas_sgemm", "MKL_Set_Num_Threads"},
    };
    int count = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct library *l = &to[count];
        void *file = NULL;
        for (int j = 0; !file && j < 3 && known[i].file[j]; j++)
            file = dlopen(known[i].file[j], RTLD_NOW | RTLD_LOCAL);
        *l = (struct library){.name = known[i].name};
        bool dnnl = !known[i].threads, blis = !strcmp(known[i].name, "BLIS");
        if (file && library_find(file, known[i].product, dnnl ? (void *)&l->dnnl : &l->cblas) &&
            (dnnl || library_find(file, known[i].threads,
                                  blis ? (void *)&l->set_long : (void *)&l->set_int)))
            count++;
    }
    if (!count) {
        fprintf(stderr, "no library of matrix products that measurements know\n");
        exit(1);
    }
    return count;
}

/* Sets the number of threads for the library's products. */
static inline void library_threads(const struct library *l, int threads)
{
    if (l->set_int)
        l->set_int(threads);
    if (l->set_long)
        l->set_long(threads);
    if (l->dnnl)
        omp_set_num_threads(threads);
}

/* c [m, n] = op(a) op(b), row-major, rows contiguous. */
static inline void library_product(const struct library *l, bool ta, bool tb, int m, int n, int k,
                                   const float *a, const float *b, float *c)
{
    enum { ROW_MAJOR = 101, AS_IT_IS = 111, TRANSPOSED = 112 };
    int lda = ta ? m : k, ldb = tb ? k : n;
    if (l->dnnl)
        l->dnnl(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1, a, lda, b, ldb, 0, c, n);
    else
        l->cblas(ROW_MAJOR, ta ? TRANSPOSED : AS_IT_IS, tb ? TRANSPOSED : AS_IT_IS, m, n, k, 1, a,
                 lda, b, ldb, 0, c, n);
}

#endif
