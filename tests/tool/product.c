/* usage: product M N K [TIMES]
 *
 * Seconds of the product of [M, K] and [N, K] transposed by the fastest library at hand, on the
 * threads of OMP_NUM_THREADS: the least of TIMES runs after one that is not counted [5]. */
#include "base/num.h"

#include "../bench/products.h"
#include "../bench/timing.h"

static float *ones(int rows, int cols)
{
    size_t n = (size_t)rows * (size_t)cols;
    float *x = malloc(n * sizeof *x);
    if (!x)
        exit(71);
    for (size_t i = 0; i < n; i++)
        x[i] = 1;
    return x;
}

/* The argument at `i`, or `missing`; 0: it is no size. */
static int size(int argc, char **argv, int i, int missing)
{
    int64_t n = missing;
    bool is_size = i >= argc || (num_i64(argv[i], strlen(argv[i]), &n) && n > 0 && n < 1 << 28);
    return is_size ? (int)n : 0;
}

int main(int argc, char **argv)
{
    int m = size(argc, argv, 1, 0), n = size(argc, argv, 2, 0), k = size(argc, argv, 3, 0);
    if (!m || !n || !k)
        return fputs("usage: product M N K [TIMES]\n", stderr), 64;
    int times = size(argc, argv, 4, 5);
    float *a = ones(m, k), *b = ones(n, k), *c = ones(m, n);
    struct library libraries[LIBRARIES_MOST];
    double best = 0;
    int count = libraries_open(libraries);
    for (int l = 0; l < count; l++) {
        library_threads(&libraries[l], omp_get_max_threads());
        for (int i = 0; i <= times; i++) {
            double begun = now();
            library_product(&libraries[l], false, true, m, n, k, a, b, c);
            double took = now() - begun;
            if (i && (best == 0 || took < best))
                best = took;
        }
    }
    printf("%.6f\n", best);
    return 0;
}
