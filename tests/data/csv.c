/* Delimited logs of any layout: columns, presets, which rows are wanted, and what is refused. */
#include "data/csv.h"

#include "../tap.h"
#include "log_rows.h"

static const struct log_layout usual = {.user = "user", .item = "item", .time = "time"};

/* The rows of a log, and behind them "! " and the error; csv is released. */
static const char *read_csv(struct csv *c, const char *text)
{
    struct raw_format format;
    struct err e = {0};
    if (csv_open(c, &format, &e)) {
        csv_release(c);
        return "not opened";
    }
    const char *rows = log_rows(format, text, false, NULL);
    csv_release(c);
    return rows;
}

static void is(struct csv c, const char *text, const char *expected, const char *name)
{
    const char *got = read_csv(&c, text);
    bool same = !strcmp(got, expected);
    tap_ok(same, "%s", name);
    if (!same)
        printf("# %s\n", got);
}

/* No row comes before an error that has the text. */
static void fails(struct csv c, const char *text, const char *expected)
{
    const char *got = read_csv(&c, text);
    tap_ok(*got == '!' && strstr(got, expected), "%s: %s", expected, got);
}

static void columns(void)
{
    struct csv c = {.columns.given = usual};
    is(c, "time,x,item,user\n5,-,i,u\n", "u i 5; ", "columns by name");
    is(c, "time:float,item:token,user:token\n5,i,u\n", "u i 5; ", "names with a type");
    is(c, "user,item,time\n\"u,1\",\"a \"\"b\"\"\",5\n", "u,1 a \"b\" 5; ", "quoted fields");
    is(c, "user,item,time,\"a \"\"b\"\"\"\nu,i,5,\"c \"\"d\"\"\"\n", "u i 5; ",
       "quotes in columns that nobody asks for");
    is(c, "user,item,time\n,i,5\nu,i,6\n", "u i 6; ", "rows of nobody");
    c.no_quotes = true;
    is(c, "user,item,time\nu,\"i,5\n", "u \"i 5; ", "quotes that are ordinary bytes");
    c = (struct csv){.columns.given = {.user = "2", .item = "3", .time = "1", .header = "no"}};
    is(c, "5,u,i\n6,u,j\n", "u i 5; u j 6; ", "columns by number, no header");
    c.columns.given.delimiter = "::";
    is(c, "5::u::i\n", "u i 5; ", "a delimiter of two bytes");
    c.no_quotes = true;
    is(c, "5::u::\"i::x\n", "u \"i 5; ", "also without quotes");
    c.no_quotes = false;
    c.columns.given.delimiter = "tab";
    is(c, "5\tu\ti\n", "u i 5; ", "tabs by name");
    c = (struct csv){
        .columns.given = {
            .session = "s", .item = "i", .time = "t", .sequence = "n", .time_unit = "ms"}};
    is(c, "t,n,i,s\n5000,7,i,a\n", "a i 5.7 in a; ", "sessions in place of users, and a sequence");
}

/* A list of items a row, and a column for the one after them. */
static void listed(void)
{
    struct csv c = {.columns.given = {.session = "s", .list = "l", .item = "n"},
                    .columns.no_time = true};
    is(c, "s,l,n\nx,a|b,c\ny,a,\n", "x a 0 in x; x b 1 in x; x c 2 in x; y a 3 in y; ",
       "what comes after the list, where there is something");
    is(c, "s,l,n\nx,1 2 3 4 5 6 7 8,9\n",
       "x 1 0 in x; x 2 1 in x; x 3 2 in x; x 4 3 in x; x 5 4 in x; x 6 5 in x; x 7 6 in x; "
       "x 8 7 in x; x 9 8 in x; ",
       "also after eight");
    fails(c, "s,l,n\nx,\"[[a],[b]]\",c\n", "line 2: ");
}

static void carried(void)
{
    struct csv c = {.columns.given = usual};
    struct err e;
    tap_ok(!log_columns_carry(&c.columns, "action", &e) &&
               !log_columns_carry(&c.columns, "dwell=s", &e),
           "columns to carry");
    tap_ok(log_columns_carry(&c.columns, "dwell=x", &e) == STATUS_USAGE, "a key that is taken: %s",
           e.text);
    tap_ok(log_columns_carry(&c.columns, "=x", &e) == STATUS_USAGE &&
               log_columns_carry(&c.columns, "x=", &e) == STATUS_USAGE,
           "half a column: %s", e.text);
    is(c, "user,item,time,s,action\nu,i,5,9,buy\n", "u i 5 action=buy dwell=9; ", "come with rows");
}

static struct csv with_tests(const char *const *tests)
{
    struct csv c = {.columns.given = usual};
    struct err e = {0};
    for (; *tests; tests++)
        must(log_columns_where(&c.columns.where, *tests, &e), &e);
    return c;
}
#define WHERE(...) with_tests((const char *const[]){__VA_ARGS__, NULL})

static void wanted(void)
{
    static const char log[] = "user,item,time,act\nu,a,1,view\nu,b,2,buy\nu,c,3,viewed\nu,d,4,\n";
    struct csv c = {.columns.given = usual};
    struct err e;
    is(WHERE("act=view"), log, "u a 1; ", "rows with a value");
    is(WHERE("act=view", "act=buy"), log, "u a 1; u b 2; ", "with one of two");
    is(WHERE("act=view*"), log, "u a 1; u c 3; ", "with a beginning");
    is(WHERE("act!=view", "act!="), log, "u b 2; u c 3; ", "without values");
    is(WHERE("act=view*", "item!=a"), log, "u c 3; ", "tests of two columns");
    tap_ok(log_columns_where(&c.columns.where, "act", &e) == STATUS_USAGE &&
               log_columns_where(&c.columns.where, "=x", &e) == STATUS_USAGE &&
               log_columns_where(&c.columns.where, "!=x", &e) == STATUS_USAGE,
           "no test: %s", e.text);
    csv_release(&c);
}

static void presets(void)
{
    struct csv c = {.columns.preset = "retailrocket"};
    is(c,
       "timestamp,visitorid,event,itemid,transactionid\n5000,u,view,i,\n6000,u,transaction,i,1\n",
       "u i 5 action=view; ", "a preset says which rows are wanted, and what is carried");
    c.columns.given.time_unit = "s";
    is(c, "timestamp,visitorid,event,itemid\n5,u,view,i\n", "u i 5 action=view; ",
       "but what is given holds");
    c = (struct csv){.columns.preset = "yoochoose"};
    is(c, "1,1970-01-01T00:00:05Z,i,0\n", "1 i 5 in 1; ", "a preset's variant as it was published");
    is(c, "SessionId\tItemId\tTime\n1\ti\t5\n", "1 i 5 in 1; ", "and the one with a header");
    c = (struct csv){.columns.preset = "globo", .columns.by_gap = true};
    is(c, "user_id,session_id,click_article_id,click_timestamp\nu,s,i,5000\n", "u i 5; ",
       "by gap: the preset's sessions are ignored");
    char *names = log_preset_names(csv_presets);
    tap_ok(strstr(names, "yoochoose|diginetica|") && !strstr(names, "yoochoose|yoochoose"),
           "each preset is named once: %s", names);
    mem_free(names);
}

static void refusals(void)
{
    struct csv c = {.columns.given = usual};
    fails(c, "user,item,at\nu,i,5\n",
          "line 1: no column \"time\" in the header, which has \"user\", \"item\", \"at\"");
    fails(c, "user,item,time\nu,i\n", "line 2: 2 columns where the header has 3");
    fails(c, "user,item,time\nu,,5\n", "the item is empty");
    fails(c, "user,item,time\nu,i,noon\n", "the time is \"noon\"");
    fails(c, "user,item,time\nu,\"i\"x,5\n", "column 2: the quotes do not match");
    fails(c, "\"us\"er,item,time\nu,i,5\n", "line 1: column 1: the quotes do not match");
    fails(c, "\"\"\nu\n", "which has \"\"");
    fails(c, "user item time\nu i 5\n", "which has \"user item time\"");
    struct buf wide = {0};
    for (int i = 0; i < 100; i++)
        buf_format(&wide, "column %02d,", i);
    buf_format(&wide, "last\n%c", 0);
    fails(c, wide.at, "\"column 00\", \"column 01\"");
    fails(c, wide.at, ", ...");
    buf_release(&wide);
    c.columns.given.user = "";
    fails(c, "user,item,time\nu,i,5\n", "no column \"\" in the header");
    c.columns.given.user = "99999999999999999999";
    fails(c, "user,item,time\nu,i,5\n", "no column 99999999999999999999: there are 3");
    c.columns.given = usual;
    c.columns.given.sequence = "item";
    fails(c, "user,item,time\nu,i,5\n", "the sequence is \"i\": a whole number is expected");
    c.columns.given = (struct log_layout){.user = "1", .item = "4", .time = "2", .header = "no"};
    fails(c, "u,5,i\n", "line 1: no column 4: there are 3");
    c.columns.given.item = "item";
    fails(c, "u,5,i\n", "without a header columns go by number, 1 to 3");
}

static void no_layout(struct log_layout layout, const char *expected)
{
    struct csv c = {.columns.given = layout};
    struct raw_format format;
    struct err e = {0};
    tap_ok(csv_open(&c, &format, &e) == STATUS_USAGE && strstr(e.text, expected), "%s", e.text);
    csv_release(&c);
}

static void layouts(void)
{
    no_layout((struct log_layout){.user = "u", .time = "t"}, "--item COLUMN is missing");
    no_layout((struct log_layout){.user = "u", .item = "i"}, "--time COLUMN is missing");
    no_layout((struct log_layout){.item = "i", .time = "t"}, "--user COLUMN or --session COLUMN");
    struct log_layout layout = usual;
    layout.delimiter = "ab";
    no_layout(layout, "--delimiter 'ab'");
    layout.delimiter = "\"";
    no_layout(layout, "--delimiter '\"'");
}

int main(void)
{
    columns();
    listed();
    carried();
    wanted();
    presets();
    refusals();
    layouts();
    return tap_done();
}
