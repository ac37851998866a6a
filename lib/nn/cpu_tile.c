#include "nn/cpu_tile.h"

#include <stdbool.h>
#include <string.h>

enum { LINE_FLOATS = 16 }; /* of a cache line of 64 bytes */

/* Makes the compiler keep a pointer and advance it, where it would rather compute it anew. */
#define KEEP_IN_REGISTER(pointer) __asm__("" : "+r"(pointer))

typedef float four __attribute__((vector_size(16)));

/* Forms for instructions that not every processor has; the program selects one when it runs. */
#if defined __x86_64__
#define VECTOR_FLOATS 16
#define TARGET        __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma")))
#define FORM(name)    name##_avx512
#include "nn/cpu_tile_kernel.h"
#undef VECTOR_FLOATS
#undef TARGET
#undef FORM

#define VECTOR_FLOATS 8
#define TARGET        __attribute__((target("avx2,fma")))
#define FORM(name)    name##_avx2
#include "nn/cpu_tile_kernel.h"
#undef VECTOR_FLOATS
#undef TARGET
#undef FORM
#endif

/* The form for the instructions that the compiler may always use. */
#define VECTOR_FLOATS 4
#define TARGET
#define FORM(name) name##_plain
#include "nn/cpu_tile_kernel.h"

const struct tile_kernel *cpu_tile_kernel(int i)
{
    static const struct tile_kernel kernels[] = {
#if defined __x86_64__
        {"AVX-512", 16, product_avx512, rows_product_avx512},
        {"AVX2", 8, product_avx2, rows_product_avx2},
#endif
        {"plain", 4, product_plain, rows_product_plain},
    };
    int count = (int)(sizeof kernels / sizeof *kernels);
#if defined __x86_64__
    bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    i += !avx2 ? 2 : !avx512;
#endif
    return i < count ? &kernels[i] : NULL;
}

void cpu_tile_product(const struct tile_product *p)
{
    cpu_tile_kernel(0)->product(p);
}

void cpu_tile_rows_product(const struct tile_rows *p)
{
    cpu_tile_kernel(0)->rows_product(p);
}

size_t cpu_tile_vector(void)
{
    return cpu_tile_kernel(0)->vector;
}
