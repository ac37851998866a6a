/* The options that the programs share which make sessions: what they choose and what they refuse.
 */
#include "data/sessionize_options.h"

#include "../files.h"
#include "../streams.h"
#include "../tap.h"

static struct sessionize_options o = {
    .job = {.rules = {.gap = 1800, .min_events = 2, .order = "auto"}}};
static const struct option *tables[3];
static struct cli *cli;
static const struct program program = {.name = "prog", .usage = "[file ...]", .tables = tables};

/* A row is a user's name; every user has the item x, second by second. */
static int row_of(void *state, struct bytes line, struct raw_row *row, struct err *e)
{
    int *seconds = state;
    *row = (struct raw_row){.user = line, .item = bytes_of("x"), .time = ++*seconds};
    return raw_name("user", line, e);
}

/* Runs over the log, after the command line gave all options but these; the names of the users in
 * the output, in its order. */
static const char *users_of(bool grouped, bool ungrouped, struct err *e)
{
    static struct buf names;
    int seconds = 0;
    const char *out = "out";
    struct meta meta = {.kind = STREAM_SESSIONS};
    struct sessions_in *in;
    struct sessions_record r;
    o.job.format = (struct raw_format){.state = &seconds, .name = "a log", .row = row_of};
    o.grouped = grouped, o.ungrouped = ungrouped;
    buf_clear(&names);
    if (sessionize(cli, &program, &o, &meta, e))
        return NULL;
    must(sessions_in_open(&in, &out, 1, e), e);
    while (sessions_in_next(in, &r, e) == READ_RECORD)
        if (r.kind == RECORD_USER)
            buf_append(&names, r.named.name.at, r.named.name.len);
    must(e->status, e);
    sessions_in_close(in);
    buf_byte(&names, 0);
    return names.at;
}

static void orders(void)
{
    struct err e = {0};
    const char *users;
    o.job.ungrouped = false;
    users = users_of(false, false, &e);
    tap_ok(users && !strcmp(users, "ba") && o.grouped, "rows are grouped: users as they come");
    users = users_of(false, true, &e);
    tap_ok(users && !strcmp(users, "ab") && !o.grouped, "--ungrouped: in byte order");
    o.job.ungrouped = true;
    users = users_of(false, false, &e);
    tap_ok(users && !strcmp(users, "ab") && o.ungrouped, "a format of rows in any order");
    users = users_of(true, false, &e);
    tap_ok(users && !strcmp(users, "ba") && !o.ungrouped, "--grouped");
    tap_ok(!users_of(true, true, &e) && e.status == STATUS_USAGE, "both: %s", e.text);
}

static void rules(void)
{
    struct err e = {0};
    o.job.rules.max_events = 1;
    tap_ok(!users_of(false, false, &e) && e.status == STATUS_USAGE, "rules: %s", e.text);
    o.job.rules.max_events = 0;
}

static void memory(void)
{
    struct err e = {0};
    o.memory = 0;
    users_of(false, true, &e);
    tap_ok(o.job.memory == (size_t)256 << 20, "256 MB where --memory is not given");
    o.memory = 1 << 20;
    users_of(false, true, &e);
    tap_ok(o.job.memory == (size_t)1 << 20, "else what it says");
}

int main(void)
{
    char *words[] = {"prog",           "--gap",      "60", "--cut", "20",  "--memory", "5M",
                     "--keep-repeats", "--skip-bad", "-v", "-o",    "out", "log",      NULL};
    text_to_file("log", "b\nb\na\na\n");
    tables[0] = sessionize_options(&o);
    tables[1] = cli_output_options(&o.output);
    cli = cli_parse(&program, 13, words);
    tap_ok(o.job.rules.gap == 60 && o.job.rules.cut == 20 && o.memory == 5 << 20 &&
               o.job.rules.keep_repeats && o.job.skip_bad && o.verbose,
           "the command line sets the rules and the job");
    o.verbose = false;
    orders();
    rules();
    memory();
    return tap_done();
}
