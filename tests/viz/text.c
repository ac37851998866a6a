/* Names made harmless, cut to a width, and as markup. */
#include "viz/text.h"

#include "viz/svg.h"
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

int main(void)
{
    test_clean();
    test_cut();
    test_markup();
    return tap_done();
}
