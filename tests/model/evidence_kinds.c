/* The kinds of evidence: every feature is of one; what they say, from features of known counts. */
#include "model/evidence_kinds.h"

#include <math.h>
#include <stdbool.h>

#include "../tap.h"

static void check_table(void)
{
    uint32_t all = 0;
    bool apart = true, named = true;
    for (enum evidence_kind k = 0; k < EVIDENCE_KINDS; k++) {
        apart = apart && !(all & evidence_kinds[k].features);
        all |= evidence_kinds[k].features;
        named = named && evidence_kinds[k].name && evidence_kinds[k].purpose;
    }
    tap_ok(apart && all == (UINT32_C(1) << EVIDENCE_FEATURES) - 1, "every feature is of one kind");
    tap_ok(named, "kinds have names");
}

static void check_without(void)
{
    bool right = true;
    for (enum evidence_kind k = 0; k < EVIDENCE_KINDS; k++) {
        float phi[EVIDENCE_FEATURES];
        for (int f = 0; f < EVIDENCE_FEATURES; f++)
            phi[f] = (float)(f + 1);
        evidence_without(k, phi);
        for (int f = 0; f < EVIDENCE_FEATURES; f++)
            right = right && phi[f] == (evidence_kinds[k].features >> f & 1 ? 0 : (float)(f + 1));
    }
    tap_ok(right, "without a kind its features are 0, and no others");
}

static void check_parse(void)
{
    uint32_t features = 1;
    struct err e = {0};
    tap_ok(!evidence_kinds_parse("own", &features, &e) &&
               features == evidence_kinds[EVIDENCE_OWN].features,
           "one kind");
    tap_ok(!evidence_kinds_parse("fresh,next", &features, &e) &&
               features == (evidence_kinds[EVIDENCE_FRESH].features |
                            evidence_kinds[EVIDENCE_NEXT].features),
           "two kinds");
    tap_ok(evidence_kinds_parse("own,", &features, &e) == STATUS_USAGE, "an empty end: %s", e.text);
    tap_ok(evidence_kinds_parse("ow", &features, &e) == STATUS_USAGE, "half a name: %s", e.text);
}

/* Features as index/evidence_worker.c makes them of counts. */
static float logged(double scale, double n)
{
    return (float)(scale * log(1 + n));
}

static void check_words(enum evidence_kind kind, const float *phi, const float *z,
                        const char *wanted)
{
    struct buf got = {0};
    long in_session = lround(exp((double)phi[11])) - 1;
    struct evidence_said s = {phi, z, 8, 100, (int32_t)in_session, 100, bytes_of("A")};
    evidence_words(kind, &s, &got);
    buf_byte(&got, 0);
    tap_ok(!strcmp(got.at, wanted), "%s: %s", evidence_kinds[kind].name, got.at);
    buf_release(&got);
}

static void check_all_words(void)
{
    float phi[EVIDENCE_FEATURES] = {0}, z[EVIDENCE_CONTEXT] = {0};
    for (enum evidence_kind k = 0; k < EVIDENCE_KINDS; k++)
        if (k != EVIDENCE_SIMILAR)
            check_words(k, phi, z, "");
    check_words(EVIDENCE_SIMILAR, phi, z, "is in 8 of the 100 sessions most like this one");

    phi[3] = 1;
    check_words(EVIDENCE_NEXT, phi, z,
                "has come soon after items of this session, in other sessions");
    phi[22] = 0.1f;
    check_words(EVIDENCE_NEXT, phi, z, "has come two items after A");
    phi[0] = logged(1, 31), phi[1] = 31 / 101.f;
    check_words(EVIDENCE_NEXT, phi, z, "comes right after A in 31 % of cases (31 of 100)");
    phi[4] = 1;
    check_words(EVIDENCE_NEAR, phi, z, "is in sessions that also have earlier items of this one");
    phi[25] = 40 / 101.f;
    check_words(EVIDENCE_NEAR, phi, z, "40 uses close to A for every 100 uses of A");

    phi[5] = logged(1, 12), z[6] = logged(0.3, 40), phi[14] = logged(0.1, 7300);
    check_words(EVIDENCE_OWN, phi, z,
                "you used it 12 times in your last 40 sessions, most recently 2 h ago");
    phi[14] = logged(0.1, 3);
    check_words(EVIDENCE_OWN, phi, z,
                "you used it 12 times in your last 40 sessions, most recently 3 s ago");
    phi[14] = logged(0.1, 600);
    check_words(EVIDENCE_OWN, phi, z,
                "you used it 12 times in your last 40 sessions, most recently 10 min ago");
    phi[11] = logged(1, 2);
    check_words(EVIDENCE_OWN, phi, z, "you used it 10 times in your last 40 sessions");
    check_words(EVIDENCE_SESSION, phi, z, "you used it 2 times in this session");
    phi[5] = phi[11];
    check_words(EVIDENCE_OWN, phi, z,
                "you used it for the first time in this session, most recently 10 min ago");
    phi[9] = logged(1, 3), phi[10] = 0.6f;
    check_words(EVIDENCE_HABIT, phi, z, "you went on to it after A 3 of 5 times");
    phi[13] = logged(0.3, 120);
    check_words(EVIDENCE_POPULAR, phi, z, "is in 120 sessions of all users");
    phi[16] = logged(0.3, 30);
    check_words(EVIDENCE_POPULAR, phi, z, "is in 120 sessions of all users, 30 of them recent");
    phi[17] = logged(0.1, 86400 * 3), phi[18] = logged(0.1, 300), phi[19] = 1;
    check_words(EVIDENCE_FRESH, phi, z,
                "was first used by anyone 3 days ago, most recently 5 min ago");
    phi[5] = logged(1, 1), phi[11] = 0, z[6] = logged(0.3, 1);
    check_words(EVIDENCE_OWN, phi, z,
                "you used it once in your last session, most recently 10 min ago");
}

int main(void)
{
    check_table();
    check_without();
    check_parse();
    check_all_words();
    return tap_done();
}
