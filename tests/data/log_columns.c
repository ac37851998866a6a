/* Columns of a log: which rows are wanted, presets, and what is refused. */
#include "data/log_columns.h"

#include "../tap.h"

/* A column's name is its place. */
static int by_letter(void *state, const char *name, size_t *at, struct err *e)
{
    (void)state;
    *at = (size_t)(*name - 'a');
    return *at < 5 ? 0 : err_set(e, STATUS_DATA, "no column %s", name);
}

static const struct log_preset presets[] = {
    {"shop", "b,", {.user = "a", .item = "b", .time = "c"}, {"d=view", "e!="}, "kind=d"},
    {"shop", "", {.user = "b", .item = "a", .time = "c"}, {NULL}, NULL},
    {"radio", "", {.session = "a", .item = "b", .time = "c"}, {NULL}, NULL},
    {0},
};

static int row_of(struct log_columns *c, const char *const *texts, struct raw_row *row)
{
    struct bytes fields[5];
    struct err e = {0};
    for (int i = 0; i < 5; i++)
        fields[i] = bytes_of(texts[i]);
    return log_columns_row(c, fields, row, &e);
}

static void open_columns(struct log_columns *c, const struct log_preset *preset,
                         struct raw_format *format)
{
    struct err e = {0};
    int status = log_columns_settle(c, preset, &e);
    status = status ? status : log_columns_check(c, &e);
    status = status ? status : log_columns_open(c, preset, format, &e);
    status = status ? status : log_columns_place(c, by_letter, NULL, &e);
    tap_ok(!status, "columns are settled %s", e.text);
}

static void preset_rows(void)
{
    struct log_columns c = {.preset = "shop"};
    struct raw_format format = {0};
    struct raw_row row = {0};
    open_columns(&c, &presets[0], &format);
    tap_ok(format.carried_count == 1 && !strcmp(format.carried[0], "kind") && !*format.sessions,
           "the preset's column is carried");
    tap_ok(row_of(&c, (const char *const[]){"u", "i", "5", "view", "s"}, &row) == RAW_ROW &&
               row.time == 5 && bytes_equal(row.user, bytes_of("u")) &&
               bytes_equal(row.carried[0], bytes_of("view")),
           "a row");
    tap_ok(row_of(&c, (const char *const[]){"u", "i", "5", "cart", "s"}, &row) == RAW_UNWANTED &&
               row_of(&c, (const char *const[]){"u", "i", "5", "view", ""}, &row) == RAW_UNWANTED &&
               row_of(&c, (const char *const[]){"", "i", "5", "view", "s"}, &row) == RAW_NOBODY &&
               row_of(&c, (const char *const[]){"u", "", "5", "view", "s"}, &row) == STATUS_DATA,
           "and what is none");
    log_columns_release(&c);
}

static void variants(void)
{
    struct bytes one = bytes_of("a,b,c"), other = bytes_of("a;b;c");
    char *names = log_preset_names(presets);
    tap_ok(log_preset_find(presets, "shop", &one) == &presets[0] &&
               log_preset_find(presets, "shop", &other) == &presets[1] &&
               log_preset_find(presets, "shop", NULL) == &presets[0] &&
               !log_preset_find(presets, "none", NULL) && !log_preset_find(presets, NULL, NULL),
           "the variant whose sign is in the line");
    tap_ok(!strcmp(names, "shop|radio"), "%s", names);
    mem_free(names);
}

static void untimed(void)
{
    struct log_columns c = {.no_time = true,
                            .given = {.user_name = "me", .item = "b", .session = "a"}};
    struct raw_format format = {0};
    struct raw_row row = {0};
    open_columns(&c, NULL, &format);
    for (int i = 0; i < 3; i++)
        tap_ok(row_of(&c, (const char *const[]){"s", "i", "", "", ""}, &row) == RAW_ROW &&
                   row.time == i && bytes_equal(row.user, bytes_of("me")) &&
                   bytes_equal(row.session, bytes_of("s")),
               "row %d without a time", i);
    tap_ok(*format.sessions, "rows name their session");
    log_columns_release(&c);
}

static void refused(struct log_columns c, const struct log_preset *preset, const char *expected)
{
    struct err e = {0};
    bool fails = log_columns_settle(&c, preset, &e) || log_columns_check(&c, &e);
    tap_ok(fails && e.status == STATUS_USAGE && strstr(e.text, expected), "%s", e.text);
    log_columns_release(&c);
}

int main(void)
{
    preset_rows();
    variants();
    untimed();
    refused((struct log_columns){.by_gap = true, .preset = "radio"}, &presets[2],
            "each session is a user of its own: add --user COLUMN");
    refused((struct log_columns){.given = {.user = "a", .item = "b"}, .place = "PATH"}, NULL,
            "--time PATH is missing");
    refused(
        (struct log_columns){.given = {.user = "a", .user_name = "b", .item = "i", .time = "t"}},
        NULL, "--user and --user-name exclude each other");
    refused((struct log_columns){.given = {.user = "u", .item = "i"}, .no_time = true}, NULL,
            "--no-time: where do sessions begin? --session COLUMN or --list COLUMN says that");
    refused(
        (struct log_columns){.given = {.session = "s", .item = "i", .time = "t"}, .no_time = true},
        NULL, "--no-time and --time exclude each other");
    refused((struct log_columns){.given = {.session = "s", .item = "i", .time_unit = "s"},
                                 .no_time = true},
            NULL, "--no-time and --time-unit exclude each other");
    refused((struct log_columns){.given = {.session = "s", .item = "i", .time_form = "%Y"},
                                 .no_time = true},
            NULL, "--no-time and --time-format exclude each other");
    refused((struct log_columns){.given = {.session = "s", .item = "i", .sequence = "n"},
                                 .no_time = true},
            NULL, "--no-time and --sequence exclude each other");
    refused((struct log_columns){.given = {.list = "l", .sequence = "n"}}, NULL,
            "--sequence is for a --time: which column is it?");
    refused((struct log_columns){.given = {.list = "l", .time_unit = "s"}, .place = "PATH"}, NULL,
            "--time-unit is for a --time: which path is it?");
    refused((struct log_columns){.given = {.session = "s", .item = "i", .list_delimiter = ","},
                                 .place = "PATH"},
            NULL, "--list-delimiter is for a --list: which path is it?");
    refused((struct log_columns){.given = {.session = "s", .item = "i", .list_delimiter = ","}},
            NULL, "--list-delimiter is for a --list: which column is it?");
    refused((struct log_columns){.given = {.list = "l", .time = "t"}, .order = "newest-first"},
            NULL, "--order newest-first: the items of a --list are in their order");
    refused((struct log_columns){.given = {.list = "l"}, .by_gap = true}, NULL,
            "--list and --gap exclude each other");
    return tap_done();
}
