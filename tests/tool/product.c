/* usage: product M N K [TIMES]
 *
 * Seconds of the product of [M, K] and [N, K] transposed by the fastest library at hand, on the
 * threads of OMP_NUM_THREADS: the least of TIMES runs after one that is not counted [5]. */
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

int main(int argc, char **argv)
{
    int m = argc > 3 ? atoi(argv[1]) : 0, n = m ? atoi(argv[2]) : 0, k = n ? atoi(argv[3]) : 0;
    if (k < 1)
        return fputs("usage: product M N K [TIMES]\n", stderr), 64;
    int times = argc > 4 ? atoi(argv[4]) : 5;
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
