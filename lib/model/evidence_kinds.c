#include "model/evidence_kinds.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define BIT(f) (UINT32_C(1) << (f))

const struct evidence_kind_row evidence_kinds[EVIDENCE_KINDS] = {
    [EVIDENCE_NEXT] = {"next", "what followed the last items",
                       BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(22)},
    [EVIDENCE_NEAR] = {"near", "what occurs together with the session's items",
                       BIT(4) | BIT(23) | BIT(24) | BIT(25)},
    [EVIDENCE_SIMILAR] = {"similar", "what the most similar sessions have", BIT(20) | BIT(21)},
    [EVIDENCE_OWN] = {"own", "what the user has used", BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(14)},
    [EVIDENCE_HABIT] = {"habit", "what the user did after the last item", BIT(9) | BIT(10)},
    [EVIDENCE_SESSION] = {"session", "what the session has already", BIT(11) | BIT(12)},
    [EVIDENCE_POPULAR] = {"popular", "how many use it, also lately", BIT(13) | BIT(15) | BIT(16)},
    [EVIDENCE_FRESH] = {"fresh", "when it was used first and last", BIT(17) | BIT(18) | BIT(19)},
};

void evidence_without(enum evidence_kind kind, float phi[EVIDENCE_FEATURES])
{
    for (int f = 0; f < EVIDENCE_FEATURES; f++)
        if (evidence_kinds[kind].features & BIT(f))
            phi[f] = 0;
}

bool evidence_had(const float phi[EVIDENCE_FEATURES])
{
    /* Its uses by the user, and in the session: a model may be without one of these kinds. */
    return phi[5] > 0 || phi[11] > 0;
}

static int no_kind(const char *text, size_t n, struct err *e)
{
    char all[200] = "";
    size_t at = 0;
    for (int k = 0; k < EVIDENCE_KINDS; k++)
        at += (size_t)snprintf(all + at, sizeof all - at, "%s%s", k ? ", " : "",
                               evidence_kinds[k].name);
    return err_set(e, STATUS_USAGE, "\"%.*s\" is no kind of evidence: there are %s", (int)n, text,
                   all);
}

int evidence_kinds_parse(const char *text, uint32_t *features, struct err *e)
{
    *features = 0;
    for (const char *at = text;; at++) {
        size_t n = strcspn(at, ",");
        int k = 0;
        while (k < EVIDENCE_KINDS &&
               !bytes_equal((struct bytes){at, n}, bytes_of(evidence_kinds[k].name)))
            k++;
        if (k == EVIDENCE_KINDS)
            return no_kind(at, n, e);
        *features |= evidence_kinds[k].features;
        at += n;
        if (!*at)
            return 0;
    }
}

/* ---- numbers back from features ---- */

/* Of a feature scale × log(1 + n): n, a whole number. */
static long count_in(float feature, double scale)
{
    return lround(exp((double)feature / scale) - 1);
}

/* Of 0.1 log(1 + seconds): seconds. */
static double seconds_in(float feature)
{
    return exp(10 * (double)feature) - 1;
}

static void append_count(struct buf *to, long count, const char *one, const char *more)
{
    buf_format(to, "%ld %s", count, count == 1 ? one : more);
}

/* "once", "12 times" */
static void append_times(struct buf *to, long count)
{
    if (count == 1)
        buf_text(to, "once");
    else
        append_count(to, count, "time", "times");
}

/* "40 s", "12 min", "2 h", "3 days" */
static void append_age(struct buf *to, double seconds)
{
    if (seconds < 90)
        buf_format(to, "%.0f s", seconds);
    else if (seconds < 90 * 60)
        buf_format(to, "%.0f min", seconds / 60);
    else if (seconds < 36 * 3600)
        buf_format(to, "%.0f h", seconds / 3600);
    else
        buf_format(to, "%.0f days", seconds / 86400);
}

static void append_name(struct buf *to, struct bytes name)
{
    buf_append(to, name.at, name.len);
}

/* ---- words ---- */

static void say_next(const struct evidence_said *s, struct buf *to)
{
    const float *f = s->phi;
    long times = count_in(f[0], 1);
    if (times > 0) {
        buf_text(to, "comes right after ");
        append_name(to, s->last);
        buf_format(to, " in %.0f %% of cases (%ld of %" PRId32 ")",
                   100 * (double)times / s->occurrences, times, s->occurrences);
    } else if (f[22] > 0) {
        buf_text(to, "has come two items after ");
        append_name(to, s->last);
    } else if (f[3] > 0) {
        buf_text(to, "has come soon after items of this session, in other sessions");
    }
}

static void say_near(const struct evidence_said *s, struct buf *to)
{
    if (s->phi[25] > 0) { /* f25 = those close to it / (occurrences + 1) */
        double each = (double)s->phi[25] * (s->occurrences + 1) / s->occurrences;
        buf_format(to, "%.0f uses close to ", 100 * each);
        append_name(to, s->last);
        buf_text(to, " for every 100 uses of ");
        append_name(to, s->last);
    } else if (s->phi[4] > 0) {
        buf_text(to, "is in sessions that also have earlier items of this one");
    }
}

static void say_similar(const struct evidence_said *s, struct buf *to)
{
    if (s->votes)
        buf_format(to, "is in %" PRId32 " of the %" PRId32 " sessions most like this one", s->votes,
                   s->voters);
}

static void say_own(const struct evidence_said *s, struct buf *to)
{
    long now = s->in_session, before = count_in(s->phi[5], 1) - now;
    if (before > 0) {
        buf_text(to, "you used it ");
        append_times(to, before);
        long sessions = count_in(s->z[6], 0.3);
        if (sessions == 1)
            buf_text(to, " in your last session");
        else
            buf_format(to, " in your last %ld sessions", sessions);
    } else if (now > 0) {
        buf_text(to, "you used it for the first time in this session");
    }
    if ((before > 0) == (now > 0))
        return;
    buf_text(to, ", most recently ");
    append_age(to, seconds_in(s->phi[14]));
    buf_text(to, " ago");
}

static void say_habit(const struct evidence_said *s, struct buf *to)
{
    long times = count_in(s->phi[9], 1);
    if (times <= 0)
        return;
    buf_text(to, "you went on to it after ");
    append_name(to, s->last);
    buf_format(to, " %ld of ", times);
    append_count(to, lround((double)times / (double)s->phi[10]), "time", "times");
}

static void say_session(const struct evidence_said *s, struct buf *to)
{
    if (s->in_session <= 0)
        return;
    buf_text(to, "you used it ");
    append_times(to, s->in_session);
    buf_text(to, " in this session");
}

static void say_popular(const struct evidence_said *s, struct buf *to)
{
    long all = count_in(s->phi[13], 0.3), recent = count_in(s->phi[16], 0.3);
    if (all <= 0)
        return;
    buf_text(to, "is in ");
    append_count(to, all, "session", "sessions");
    buf_text(to, " of all users");
    if (recent > 0 && recent <= all)
        buf_format(to, ", %ld of them recent", recent);
}

static void say_fresh(const struct evidence_said *s, struct buf *to)
{
    if (s->phi[19] <= 0)
        return;
    buf_text(to, "was first used by anyone ");
    append_age(to, seconds_in(s->phi[17]));
    buf_text(to, " ago, most recently ");
    append_age(to, seconds_in(s->phi[18]));
    buf_text(to, " ago");
}

void evidence_words(enum evidence_kind kind, const struct evidence_said *s, struct buf *to)
{
    static void (*const say[EVIDENCE_KINDS])(const struct evidence_said *, struct buf *) = {
        [EVIDENCE_NEXT] = say_next,       [EVIDENCE_NEAR] = say_near,
        [EVIDENCE_SIMILAR] = say_similar, [EVIDENCE_OWN] = say_own,
        [EVIDENCE_HABIT] = say_habit,     [EVIDENCE_SESSION] = say_session,
        [EVIDENCE_POPULAR] = say_popular, [EVIDENCE_FRESH] = say_fresh,
    };
    say[kind](s, to);
}
