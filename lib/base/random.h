/* Random numbers from counters: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as
 * easy as 1, 2, 3").  A number depends on its key and counter alone, so that what is drawn depends
 * neither on threads nor on the device.  C for gcc, __host__ __device__ for nvcc. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdint.h>

#ifdef __CUDACC__
#define RANDOM_FUNCTION static inline __host__ __device__
#else
#define RANDOM_FUNCTION static inline
#endif

#define RANDOM_PHILOX_0 0xD2511F53u
#define RANDOM_PHILOX_1 0xCD9E8D57u

/* Four 32-bit words for the 64-bit key and the 128-bit counter. */
RANDOM_FUNCTION void random_philox(uint64_t key, const uint32_t counter[4], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)RANDOM_PHILOX_0 * c0, p1 = (uint64_t)RANDOM_PHILOX_1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/* The same of numbers below 2^32, for loops over many counters: vectors of 64-bit numbers have
 * nothing to widen and narrow again, which takes half the time.  The multipliers are
 * RANDOM_PHILOX_0 and _1, of the caller: compilers that know them multiply by many shifts and
 * additions. */
RANDOM_FUNCTION void random_philox_wide(const uint32_t multiplier[2], uint64_t key,
                                        const uint64_t counter[4], uint64_t out[4])
{
    uint64_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)multiplier[0] * (uint32_t)c0;
        uint64_t p1 = (uint64_t)multiplier[1] * (uint32_t)c2;
        c0 = (p1 >> 32) ^ c1 ^ k0;
        c2 = (p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/* A float in [0, 1): the top 24 bits of a word. */
RANDOM_FUNCTION float random_unit(uint32_t word)
{
    return (float)(word >> 8) * 0x1p-24f;
}

/* A sequence of its own for each (seed, stream): shuffles, samples, initial values. */
struct random {
    uint64_t seed;
    uint32_t stream[2];
    uint64_t drawn; /* words so far */
    uint32_t word[4];
};

static inline struct random random_of(uint64_t seed, uint64_t stream)
{
    struct random r = {seed, {(uint32_t)stream, (uint32_t)(stream >> 32)}, 0, {0, 0, 0, 0}};
    return r;
}

/* The words of the current block of the sequence. */
static inline void random_block(struct random *r)
{
    uint64_t block = r->drawn / 4;
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), r->stream[0], r->stream[1]};
    random_philox(r->seed, counter, r->word);
}

/* Continues after so many words have been drawn. */
static inline void random_continue(struct random *r, uint64_t drawn)
{
    r->drawn = drawn;
    random_block(r);
}

static inline uint32_t random_u32(struct random *r)
{
    if (r->drawn % 4 == 0)
        random_block(r);
    return r->word[r->drawn++ % 4];
}

/* Uniform in 0..n-1 without bias (n >= 1). */
static inline uint32_t random_below(struct random *r, uint32_t n)
{
    uint64_t product = (uint64_t)random_u32(r) * n;
    while ((uint32_t)product < -n % n)
        product = (uint64_t)random_u32(r) * n;
    return (uint32_t)(product >> 32);
}

/* Uniform between low and high. */
static inline float random_between(struct random *r, float low, float high)
{
    return low + (high - low) * random_unit(random_u32(r));
}

#endif
