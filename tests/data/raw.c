/* Raw logs: rows, headers, quoted line ends, bad rows, and the formats of two data sets. */
#include "data/raw.h"

#include "../tap.h"
#include "log_rows.h"

/* A format of "user item" with a space between; "-" is not wanted, "." has no user. */
static int plain_row(void *state, struct bytes line, struct raw_row *row, struct err *e)
{
    const char *space = memchr(line.at, ' ', line.len);
    (void)state;
    if (bytes_equal(line, bytes_of(".")))
        return RAW_NOBODY;
    if (*line.at == '-')
        return RAW_UNWANTED;
    if (!space)
        return err_set(e, STATUS_DATA, "no space");
    size_t n = (size_t)(space - line.at);
    *row = (struct raw_row){.user = {line.at, n}, .item = {space + 1, line.len - n - 1}};
    return 0;
}

static int plain_header(void *state, struct bytes line, struct err *e)
{
    (void)state;
    if (bytes_equal(line, bytes_of("user,item")))
        return 0;
    return bytes_equal(line, bytes_of("?")) ? err_set(e, STATUS_DATA, "no header") : RAW_ROW_TOO;
}

static const struct bytes comma = {",", 1};
static const struct raw_format plain = {.name = "a plain log", .row = plain_row},
                               headed = {.name = "a log with a header",
                                         .header = plain_header,
                                         .row = plain_row},
                               quoting = {.name = "a log", .delimiter = &comma, .row = plain_row};

static void is(const char *got, const char *expected, const char *name)
{
    bool same = !strcmp(got, expected);
    tap_ok(same, "%s", name);
    if (!same)
        printf("# %s\n", got);
}

/* The rows and then an error that has the text. */
static void fails(const char *got, const char *rows, const char *expected)
{
    const char *error = strstr(got, "! ");
    tap_ok(error && (size_t)(error - got) == strlen(rows) && !memcmp(got, rows, strlen(rows)) &&
               strstr(error, expected),
           "%s: %s", expected, got);
}

static void rows(void)
{
    struct raw_log log;
    is(log_rows(plain, "a x\r\nb y", false, NULL), "a x 0; b y 0; ", "rows");
    is(log_rows(plain,
                "\xef\xbb\xbf"
                "a x\n",
                false, NULL),
       "a x 0; ", "a mark of UTF-8 is no part of the first row");
    is(log_rows(headed, "user,item\na x\nuser,item\nb y\n", false, NULL), "a x 0; b y 0; ",
       "a header, which may come again");
    is(log_rows(headed, "a x\n", false, NULL), "a x 0; ", "a first line that is a row");
    fails(log_rows(headed, "?\na x\n", false, NULL), "", "line 1: no header");
    is(log_rows(plain,
                "a x\n\xef\xbb\xbf"
                "b y\n",
                false, NULL),
       "a x 0; b y 0; ", "nor of a later one, where files were joined");
    is(log_rows(headed, "\n\r\nuser,item\n\na x\n\xef\xbb\xbfuser,item\nb y\n\n", false, &log),
       "a x 0; b y 0; ", "empty lines are passed over, before the header too");
    tap_ok(log.rows == 2, "and are no rows");
    fails(log_rows(plain, "\n\n", false, NULL), "", "is empty: a plain log is expected");
    is(log_rows(plain, "a x\n-\n.\n.\nb y\n", false, &log), "a x 0; b y 0; ",
       "rows that are not wanted, or nobody's, are left out");
    tap_ok(log.rows == 5 && log.unwanted == 1 && log.nobodys == 2 && !log.bad, "and counted");
}

static void bad_rows(void)
{
    struct raw_log log;
    fails(log_rows(plain, "a x\nb\nc z\n", false, NULL), "a x 0; ", "line 2: no space");
    is(log_rows(plain, "a x\nb\nc z\nd\n", true, &log), "a x 0; c z 0; ", "bad rows are skipped");
    tap_ok(log.bad == 2 && log.rows == 4 && strstr(log.first_bad.text, "line 2: no space"),
           "and counted: %s", log.first_bad.text);
    fails(log_rows(plain, "a\nb\n", true, NULL), "", "all 2 rows are bad; the first: ");
    fails(log_rows(plain, "", true, NULL), "", "is empty: a plain log is expected");
    fails(log_rows(plain, "PK\x03\x04", true, NULL), "", "not a plain log: ");
    fails(log_rows(plain, "a\rx\ry", false, NULL), "", "lines that end in CR alone");
    fails(log_rows(plain, "\x93\xaaSESSPIPE", true, NULL), "", "is a record stream");
}

static void quotes(void)
{
    is(log_rows(quoting, "a x,\"1\n2\"\nb y\n", false, NULL), "a x,\"1\n2\" 0; b y 0; ",
       "a quoted field may hold a line end");
    is(log_rows(plain, "a x,\"1\nb 2\"\n", false, NULL), "a x,\"1 0; b 2\" 0; ",
       "not where fields are not quoted");
    is(log_rows(quoting, "a x,\"1\nb y\nc z\n", false, NULL), "a x,\"1 0; b y 0; c z 0; ",
       "a lost quote spoils its own line alone");
}

static void names(void)
{
    struct buf text = {0};
    struct err e = {0};
    for (int i = 0; i <= NAME_LIMIT; i++)
        buf_byte(&text, 'x');
    tap_ok(!raw_name("user", (struct bytes){text.at, NAME_LIMIT}, &e), "the longest name");
    tap_ok(raw_name("user", (struct bytes){text.at, NAME_LIMIT + 1}, &e) == STATUS_DATA, "%s",
           e.text);
    tap_ok(raw_name("user", (struct bytes){text.at, 0}, &e) == STATUS_DATA &&
               !strcmp(e.text, "the user is empty"),
           "%s", e.text);
    buf_release(&text);
}

/* ---- formats ---- */

static void lastfm(void)
{
    static const char text[] = "u1\t1970-01-01T00:00:05Z\ta1\tABBA\tt1\tWaterloo\n"
                               "u1\t1970-01-01T00:00:09Z\t\tABBA\t\tSOS\n";
    struct lastfm artists = {0}, tracks = {.track = true};
    is(log_rows(lastfm_format(&artists), text, false, NULL), "u1 a1 5 \"ABBA\"; u1 ABBA 9; ",
       "Last.fm: artists by id, or by name");
    is(log_rows(lastfm_format(&tracks), text, false, NULL),
       "u1 t1 5 \"ABBA – Waterloo\"; u1 ABBA – SOS 9; ", "or tracks");
    fails(log_rows(lastfm_format(&artists), "u1\t5\ta1\n", false, NULL), "", "line 1: ");
    is(log_rows(lastfm_format(&tracks), "u1\t1970-01-01T00:00:05Z\t\t\tt1\tSOS\n", false, NULL),
       "u1 t1 5 \"SOS\"; ", "a track of nobody");
    struct buf row = {0};
    buf_text(&row, "u1\t1970-01-01T00:00:05Z\ta1\t");
    for (int i = 0; i <= NAME_LIMIT; i++)
        buf_byte(&row, 'x');
    buf_text(&row, "\tt1\tSOS\n");
    buf_byte(&row, 0);
    fails(log_rows(lastfm_format(&artists), row.at, false, NULL), "",
          "the artist name has 65537 bytes");
    fails(log_rows(lastfm_format(&tracks), row.at, false, NULL), "",
          "the artist and track name has 65545 bytes");
    buf_release(&row);
    lastfm_release(&artists);
    lastfm_release(&tracks);
}

static void reddit(void)
{
    struct reddit r = {0};
    is(log_rows(reddit_format(&r), "utc,username,\"subreddit\"\n5,ann,\"a,b\"\n9.0,bob,c\n", false,
                NULL),
       "ann a,b 5; bob c 9; ", "Reddit: columns in any order");
    fails(log_rows(reddit_format(&r), "utc,username\n5,ann\n", false, NULL), "", "subreddit");
    fails(log_rows(reddit_format(&r), "user,subreddit,utc\n", false, NULL), "", "username");
    fails(log_rows(reddit_format(&r), "\"utc\"x,username,subreddit\n", false, NULL), "",
          "a header that names username,subreddit,utc is expected");
    struct buf wide = {0};
    buf_text(&wide, "username,subreddit,utc");
    for (int i = 0; i < 1000; i++)
        buf_text(&wide, ",x");
    buf_text(&wide, "\n");
    buf_byte(&wide, 0);
    fails(log_rows(reddit_format(&r), wide.at, false, NULL), "", "a header that names");
    buf_release(&wide);
    reddit_release(&r);
}

int main(void)
{
    rows();
    bad_rows();
    quotes();
    names();
    lastfm();
    reddit();
    return tap_done();
}
