#include "base/fraction.h"

#include <string.h>

static const int64_t limit = 1000000000;

/* Reads digits up to the first other character and multiplies *scale by ten for each of them; false
 * where the value would pass the limit. */
static bool digits(const char **s, const char *end, int64_t *value, int64_t *scale)
{
    for (; *s < end && **s >= '0' && **s <= '9'; ++*s) {
        *value = 10 * *value + (**s - '0');
        *scale *= 10;
        if (*value > limit || *scale > limit)
            return false;
    }
    return true;
}

bool fraction_parse(const char *s, size_t n, struct fraction *f)
{
    const char *end = s + n, *begin = s;
    int64_t over = 0, under = 1, scale = 1;
    if (!digits(&s, end, &over, &scale))
        return false;
    size_t count = (size_t)(s - begin);
    if (s < end && *s == '.') {
        begin = ++s;
        if (!digits(&s, end, &over, &under))
            return false;
        count += (size_t)(s - begin);
    } else if (s < end && *s == '/' && count) {
        begin = ++s;
        under = 0, scale = 1;
        if (!digits(&s, end, &under, &scale))
            return false;
        count = (size_t)(s - begin);
    }
    if (s != end || count == 0 || under == 0 || over > under)
        return false;
    *f = (struct fraction){over, under};
    return true;
}
