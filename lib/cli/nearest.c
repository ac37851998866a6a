#include "cli/private.h"

/* Words longer than this are compared by their beginning. */
enum { LONGEST = 40 };

/* Levenshtein's distance, a swap of neighbours counted as one step (optimal string alignment). */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t row[3][LONGEST + 1], *before = row[0], *last = row[1], *now = row[2];
    n = n < LONGEST ? n : LONGEST;
    m = m < LONGEST ? m : LONGEST;
    for (size_t j = 0; j <= m; j++)
        before[j] = last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        size_t *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[m];
}

struct nearest nearest_to(const char *word, size_t len)
{
    return (struct nearest){.word = word, .wordlen = len, .best = len < 6 ? 3 : len / 2 + 1};
}

/* A word that is the beginning of a name counts as one wrong letter. */
void nearest_try(struct nearest *n, const char *name, size_t len)
{
    size_t d = distance(n->word, n->wordlen, name, len);
    if (n->wordlen >= 2 && n->wordlen < len && !memcmp(name, n->word, n->wordlen))
        d = 1;
    if (d < n->best && d < len) {
        n->best = d;
        n->name = name;
        n->namelen = len;
    }
}
