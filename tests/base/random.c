#include "base/sample.h"

#include <math.h>
#include <string.h>

#include "../tap.h"

/* The known answers for philox4x32 with 10 rounds that come with Random123. */
static void known_answers(void)
{
    static const struct {
        uint32_t counter[4], key[2], answer[4];
    } known[] = {
        {{0}, {0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t out[4];
        random_philox(known[i].key[0] | (uint64_t)known[i].key[1] << 32, known[i].counter, out);
        tap_ok(!memcmp(out, known[i].answer, sizeof out), "known answer %zu", i + 1);
    }
}

static void sequences(void)
{
    struct random a = random_of(1, 2), b = random_of(1, 2), c = random_of(1, 3),
                  d = random_of(2, 2), e = random_of(1, 2 + (UINT64_C(1) << 32));
    int same = 0, others = 0;
    for (int i = 0; i < 1000; i++) {
        uint32_t word = random_u32(&a);
        same += word == random_u32(&b);
        others += (word == random_u32(&c)) + (word == random_u32(&d)) + (word == random_u32(&e));
    }
    tap_ok(same == 1000 && others < 3, "a sequence is its seed's and stream's own");
}

/* Chi-squared over n cells: its mean is n - 1, its deviation sqrt(2 (n - 1)). */
static void evenness(uint32_t n)
{
    enum { DRAWS = 200000, CELLS = 100 };
    struct random r = random_of(9, n);
    int cell[CELLS] = {0}, outside = 0;
    for (int i = 0; i < DRAWS; i++) {
        uint32_t x = random_below(&r, n);
        outside += x >= n;
        cell[(uint64_t)x * CELLS / n % CELLS]++;
    }
    double chi = 0;
    int cells = n < CELLS ? (int)n : CELLS;
    for (int i = 0; i < CELLS; i++) {
        double expected = (double)DRAWS / cells;
        if (n >= CELLS || cell[i])
            chi += (cell[i] - expected) * (cell[i] - expected) / expected;
    }
    tap_ok(!outside && chi < cells - 1 + 5 * sqrt(2.0 * cells), "0..%u evenly (%.1f over %d cells)",
           n - 1, chi, cells);
}

/* Of a half of all numbers and one more, words that would be too frequent are drawn again. */
static void again(void)
{
    enum { DRAWS = 1000 };
    const uint32_t n = (1u << 31) + 1;
    struct random r = random_of(3, 3), words = random_of(3, 3);
    int used = 0, below = 0;
    for (int i = 0; i < DRAWS; i++)
        below += random_below(&r, n) < n;
    uint32_t next = random_u32(&r);
    while (random_u32(&words) != next && used < 4 * DRAWS)
        used++;
    tap_ok(below == DRAWS && used > DRAWS + 100 && used < 4 * DRAWS,
           "%d words for %d draws below 2^31 + 1", used, DRAWS);
}

/* A sample of more candidates than 32 bits count still has room for few. */
static void large_sample(void)
{
    struct sample s = {.candidates = UINT32_MAX, .places = 5, .random = random_of(1, 1)};
    int drawn = 0;
    for (int i = 0; i < 1000; i++)
        drawn += sample_place(&s) != SIZE_MAX;
    tap_ok(drawn <= 1, "%d of 1000 candidates after 2^32 are drawn for 5 places", drawn);
}

static void floats(void)
{
    struct random r = random_of(4, 4);
    double sum = 0;
    int outside = 0;
    for (int i = 0; i < 100000; i++) {
        float unit = random_unit(random_u32(&r)), between = random_between(&r, -1, 1);
        outside += unit < 0 || unit >= 1 || between < -1 || between >= 1;
        sum += unit;
    }
    tap_ok(!outside && fabs(sum / 100000 - 0.5) < 0.005, "floats in their interval, evenly");
    tap_ok(random_unit(0) == 0 && random_unit(~0u) < 1, "the ends of [0, 1)");
}

/* Each of 20 candidates in 5 places: drawn a quarter of the times. */
static void samples(void)
{
    enum { CANDIDATES = 20, PLACES = 5, TIMES = 4000 };
    int drawn[CANDIDATES] = {0}, outside = 0, early = 0;
    double chi = 0, expected = (double)TIMES * PLACES / CANDIDATES;
    for (int t = 0; t < TIMES; t++) {
        struct sample s = {.places = PLACES, .random = random_of(9, (uint64_t)t)};
        int holds[PLACES];
        for (int i = 0; i < CANDIDATES; i++) {
            size_t place = sample_place(&s);
            early += i < PLACES && place != (size_t)i;
            outside += place >= PLACES && place != SIZE_MAX;
            if (place < PLACES)
                holds[place] = i;
        }
        for (int i = 0; i < PLACES; i++)
            drawn[holds[i]]++;
    }
    for (int i = 0; i < CANDIDATES; i++)
        chi += (drawn[i] - expected) * (drawn[i] - expected) / expected;
    tap_ok(!early && !outside, "the first candidates of a sample take its places in order");
    tap_ok(chi < CANDIDATES - 1 + 5 * sqrt(2.0 * CANDIDATES), "all are drawn alike (%.1f)", chi);
    struct sample none = {.random = random_of(1, 1)};
    tap_ok(sample_place(&none) == SIZE_MAX, "a sample without places draws nobody");
}

int main(void)
{
    known_answers();
    sequences();
    evenness(3);
    evenness(7);
    evenness(100);
    evenness(1000000);
    evenness(3000000000u);
    struct random r = random_of(1, 1);
    tap_ok(random_below(&r, 1) == 0, "of one there is but one");
    again();
    large_sample();
    floats();
    samples();
    evenness(0x80000001u); /* half of all words are drawn again */
    struct sample many = {.places = 1, .candidates = UINT32_MAX, .random = random_of(1, 1)};
    tap_ok(sample_place(&many) == SIZE_MAX, "of very many candidates hardly one is drawn");
    return tap_done();
}
