#include "index/logs.h"

#include <stdint.h>
#include <string.h>

#include "base/vector.h"

/* Where a product and a sum become one operation, as only some processors have it, the result is
 * not the same on every one. */
#if defined __GNUC__ && !defined __clang__
#define EACH_BY_ITSELF __attribute__((optimize("fp-contract=off")))
#else
#define EACH_BY_ITSELF
#endif

/* x = m 2^e with √½ <= m < √2; log m = 2 artanh s = 2 s (1 + s²/3 + s⁴/5 + ...) with
 * s = (m - 1) / (m + 1), |s| <= 0.172. */
EACH_BY_ITSELF static inline float log_of(float x)
{
    int32_t bits, power;
    memcpy(&bits, &x, sizeof bits);
    power = (bits - 0x3f3504f3) >> 23; /* the bits of √½ */
    bits -= power * (1 << 23);
    memcpy(&x, &bits, sizeof x);
    float s = (x - 1) / (x + 1), q = s * s;
    float sum = q * (1 / 3.0f + q * (1 / 5.0f + q * (1 / 7.0f + q * (1 / 9.0f))));
    return 2 * s + (2 * s * sum + (float)power * 0.693147182f);
}

VECTOR EACH_BY_ITSELF void logs_of(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = log_of(x[i]);
}
