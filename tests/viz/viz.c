/* Names made harmless, numbers to places, means and their errors. */
#include <math.h>

#include "viz/names.h"
#include "viz/mean.h"
#include "viz/scale.h"
#include "viz/svg.h"
#include "viz/text.h"
#include "../tap.h"

static bool cleans(const char *name, size_t columns, const char *expected)
{
    struct buf to = {0};
    text_clean(&to, bytes_of(name), columns);
    bool same = bytes_equal((struct bytes){to.at, to.len}, bytes_of(expected));
    if (!same)
        printf("# \"%.*s\"\n", (int)to.len, to.at);
    buf_release(&to);
    return same;
}

static void test_clean(void)
{
    tap_ok(cleans("Sigur Rós", 0, "Sigur Rós"), "harmless text stays as it is");
    tap_ok(cleans("", 5, ""), "an empty name is empty");
    tap_ok(cleans("a\tb\nc\rd", 0, "a b c d"), "white space becomes spaces");
    tap_ok(cleans("\033[31m\a\x7f", 0, "\uFFFD[31m\uFFFD\uFFFD"), "controls are replaced");
    tap_ok(cleans("\xc2\x9b"
                  "A\xc2\x85",
                  0, "\uFFFDA\uFFFD"),
           "so are those above 0x7f");
    tap_ok(cleans("a\xff\xc0\xaf"
                  "b\xed\xa0\x80",
                  0, "a\uFFFD\uFFFD\uFFFDb\uFFFD\uFFFD\uFFFD"),
           "each byte that is not UTF-8 is replaced");
    tap_ok(cleans("x\u202Ey\u2066z\u200F\u061C\uFEFF", 0, "x\uFFFDy\uFFFDz\uFFFD\uFFFD\uFFFD"),
           "what turns directions is replaced");
    tap_ok(cleans("\uFFFE\U0001FFFF\uFDD0", 0, "\uFFFD\uFFFD\uFFFD"),
           "what is no character is replaced");
    tap_ok(cleans("e\u0301\u0301\u0301\u0301\u0301\u0301x", 0, "e\u0301\u0301\u0301\u0301x"),
           "towers of marks end");
}

static void test_cut(void)
{
    tap_ok(cleans("abcdef", 6, "abcdef") && cleans("abcdefg", 6, "abcde…"),
           "a name is cut where it is too wide");
    tap_ok(cleans("日本語", 6, "日本語") && cleans("日本語音", 6, "日本…"),
           "wide characters count twice, none is cut in half");
    tap_ok(cleans("abcde\u0301\u0301", 5, "abcde\u0301\u0301"), "marks take no room");
    tap_ok(cleans("ab", 1, "…"), "one column is enough for a name that is cut");
    tap_ok(text_columns(bytes_of("a日e\u0301…")) == 5, "columns are counted");
}

static void test_markup(void)
{
    struct buf to = {0};
    text_markup(&to, bytes_of("<a href='x'>&\"\033"), 0);
    tap_ok(bytes_equal((struct bytes){to.at, to.len},
                       bytes_of("&lt;a href=&#39;x&#39;&gt;&amp;&quot;\uFFFD")),
           "markup is escaped");
    buf_clear(&to);
    text_markup(&to, bytes_of("&&&&"), 3);
    tap_ok(bytes_equal((struct bytes){to.at, to.len}, bytes_of("&amp;&amp;…")),
           "a name is cut before it is escaped");
    buf_clear(&to);
    text_terminal(&to, bytes_of("שלום"), 6, true);
    tap_ok(bytes_equal((struct bytes){to.at, to.len}, bytes_of("\u2068שלום\u2069  ")),
           "from right to left is isolated on a terminal");
    buf_clear(&to);
    svg_name(&to, "s", 1, 2, bytes_of("<long>"), 4);
    tap_ok(bytes_equal((struct bytes){to.at, to.len},
                       bytes_of("<text class=\"s\" x=\"1.0\" y=\"2.0\"><tspan>&lt;lo…"
                                "<title>&lt;long&gt;</title></tspan></text>\n")),
           "a name that is cut shows whole when pointed at");
    buf_release(&to);
}

static void test_scale(void)
{
    struct scale s = {0, 10, 100, 300}, down = {0, 1, 250, 50}, flat = {3, 3, 0, 10};
    tap_ok(scale_at(&s, 5) == 200 && scale_at(&s, 0) == 100, "a scale");
    tap_ok(scale_at(&down, 0.25) == 200, "a scale that runs down");
    tap_ok(scale_at(&flat, 3) == 5, "no range lies in the middle");
    tap_ok(scale_step(0, 1, 5) == 0.2 && scale_step(0, 7, 5) == 2 && scale_step(0, 230, 5) == 50 &&
               scale_step(0, 5, 5) == 1,
           "steps are 1, 2 or 5 times a power of ten");
    tap_ok(scale_step(2, 2, 5) == 1 && scale_step(0, INFINITY, 5) == 1,
           "no range, a step all the same");
    struct scale r = {0.13, 0.87, 0, 1};
    scale_round(&r, 0.2);
    tap_ok(r.low == 0 && fabs(r.high - 1) < 1e-12, "a range is widened to whole steps");
    tap_ok(scale_decimals(0.2) == 1 && scale_decimals(0.05) == 2 && scale_decimals(20) == 0,
           "marks have the decimals that they need");
    tap_ok(scale_share(-1, 0, 2) == 0 && scale_share(1, 0, 2) == 0.5 && scale_share(3, 0, 2) == 1 &&
               scale_share(1, 1, 1) == 0 && scale_share(NAN, 0, 1) == 0,
           "shares stay within 0 and 1");
}

static void test_means(void)
{
    struct means m = {0};
    means_add(&m, 1, 0.2, 0.4);
    means_add(&m, 1, 0.4, 0.8);
    means_end_session(&m);
    means_add(&m, 1, 0.9, 1.8);
    means_add(&m, 3, 0.1, 0.2);
    means_end_session(&m);
    const struct mean *x = &m.at.at[1];
    tap_ok(x->count == 3 && x->sessions == 2, "weights and sessions are counted");
    tap_ok(fabs(mean_relative(x) - 1) < 1e-12 && fabs(mean_weight(x) - 0.5) < 1e-12, "means");
    /* residuals of the sessions: 1.2 - 2 = -0.8 and 1.8 - 1 = 0.8; √(2 · 1.28) / 3 */
    tap_ok(fabs(mean_error(x) - sqrt(2.56) / 3) < 1e-12, "the error is of sessions");
    tap_ok(isnan(mean_relative(&m.at.at[0])) && isnan(mean_error(&m.at.at[3])),
           "nothing is said of nothing, no error of one session");
    means_release(&m);
}

static void test_names(void)
{
    struct run_names c = {0};
    static const char *const train[] = {"1", "0", "1", "2", "96", "x"};
    for (size_t i = 0; i < sizeof train / sizeof *train; i++)
        run_names_add_item(&c, bytes_of("n"), bytes_of(i ? "" : "title"), bytes_of(train[i]));
    tap_ok(bytes_equal(label_list_at(&c.items, 0), bytes_of("title")) &&
               bytes_equal(label_list_at(&c.items, 1), bytes_of("n")),
           "a title is shown rather than a name");
    tap_ok(c.train.at[4] == 96 && c.train.at[5] == -1, "counts are read, or not known");
    const struct popularity *p = run_names_popularity(&c);
    tap_ok(popularity_group(p, 0) == 0 && p->groups == 1 && popularity_group(p, 96) == 1 &&
               popularity_low(p, 1) == 1 && popularity_high(p, 1) == 96,
           "groups of popularity, one for an item that fills several");
    vec_push(&c.edges, 3600);
    vec_push(&c.edges, 7200);
    tap_ok(run_names_age_from(&c, 0) == 0 && run_names_age_to(&c, 0) == 3600 &&
               run_names_age_from(&c, 2) == 7200 && run_names_age_to(&c, 2) == INT64_MAX,
           "age buckets");
    run_names_clear(&c);
    p = run_names_popularity(&c);
    tap_ok(popularity_group(p, 5) == 1 && !p->groups, "without counts there is one group");
    run_names_release(&c);
}

int main(void)
{
    test_clean();
    test_cut();
    test_markup();
    test_scale();
    test_means();
    test_names();
    return tap_done();
}
