/* Logs, sessions, filters, batches and selections while each system call fails in turn; events and
 * rows go to temporary files. */
#define _GNU_SOURCE
#include "../failing_calls.h"

#include <stdlib.h>

#include "data/csv.h"
#include "data/epochs.h"
#include "data/filter_run.h"
#include "data/select.h"
#include "data/sessionize_run.h"

#include "../files.h"
#include "../streams.h"

static bool ungrouped, flushed;

/* Sessions of the log, with a code and attributes of users. */
static int sessionized(struct buf *made, struct err *e)
{
    static const char *const path = "log.csv";
    struct csv csv = {.columns.given = {.user = "user", .item = "item", .time = "time"}};
    struct sessionize_job job = {.rules = {.gap = 1800, .min_events = 2, .order = "auto"},
                                 .ungrouped = ungrouped,
                                 .memory = 256,
                                 .profiles = "profiles.tsv",
                                 .paths = &path,
                                 .count = 1,
                                 .output = "out",
                                 .flush = flushed,
                                 .program = "maker",
                                 .version = "1"};
    struct meta meta = {.kind = STREAM_SESSIONS, .minor = STREAM_MINOR};
    struct sessionize_report report = {0};
    must(log_columns_carry(&csv.columns, "kind", e) || csv_open(&csv, &job.format, e), e);
    int status = sessionize_run(&job, &meta, &report, e);
    drops_release(&report.drops);
    meta_release(&meta);
    csv_release(&csv);
    return status ? status : taken("out", made);
}

static int opened(struct output *s, enum stream_kind kind, struct err *e)
{
    struct meta m;
    stream_meta(&m, kind);
    int status = output_open(s, "out", flushed, &m, "maker", "1", (struct bytes){0}, e);
    meta_release(&m);
    return status;
}

static int ended(struct output *s, int status, struct buf *made, struct err *e)
{
    if (!status)
        status = output_finish(s, e);
    if (status)
        output_abort(s, e);
    return status ? status : taken("out", made);
}

static const char *const *filters; /* names and values, NULL behind the last */
static bool merges;

static int filtered(struct buf *made, struct err *e)
{
    static const char *const paths[] = {"sessions.mp", "more.mp"};
    struct filter_chain chain = {.merges = merges};
    struct filter_result result = {0};
    struct sessions_in *in = NULL;
    struct output out = {0};
    for (const char *const *name = filters; *name; name += 2)
        for (const struct filter *f = filter_rows; f->name; f++)
            if (!strcmp(f->name, name[0]))
                must(filter_chain_add(&chain, f, name[1], e), e);
    int status = sessions_in_open(&in, paths, merges ? 2 : 1, e);
    if (!status)
        status = opened(&out, STREAM_SESSIONS, e);
    if (!status)
        status = filter_run(&chain, in, &out.out, (struct filter_begin){0}, 256, &result, e);
    sessions_in_close(in);
    filter_chain_release(&chain);
    drops_release(&result.drops);
    return ended(&out, status, made, e);
}

static const char *scheme;

static int batched(struct buf *made, struct err *e)
{
    static const char *const path = "split.mp";
    const struct epochs_options o = {.scheme = scheme_find(scheme),
                                     .size = 3,
                                     .history = 4,
                                     .epochs = 3,
                                     .test_from = 1,
                                     .test_every = 2,
                                     .learned = {{{1, 1}, .newest = true}, {{1, 1}}},
                                     .memory = 256};
    struct sessions_in *in = NULL;
    struct epochs p = {0};
    struct output out = {0};
    int status = sessions_in_open(&in, &path, 1, e);
    if (!status)
        status = opened(&out, STREAM_BATCHES, e);
    if (!status)
        status = epochs_open(&p, &o, in, &out.out, e);
    for (int64_t number = 1; number <= o.epochs && !status; number++)
        status = epochs_write(&p, number, e);
    sessions_in_close(in);
    epochs_release(&p);
    return ended(&out, status, made, e);
}

static const char *const *selected; /* the inputs, and who is sought */

static int shown(struct buf *made, struct err *e)
{
    struct select_options o = {.head = UINT64_MAX};
    struct output_file sink;
    struct any_in in = {0};
    must(select_grep(&o, selected[1], e), e);
    int status = output_file_open(&sink, "out", e);
    if (status)
        return status;
    struct selection p = {.options = &o, .sink = &sink};
    status = any_in_open(&in, &selected[0], 1, e);
    if (!status) {
        status = select_run(&p, &in, e);
        any_in_close(&in);
    }
    select_release(&p);
    if (!status)
        status = output_file_commit(&sink, e);
    else
        output_file_discard(&sink);
    return status ? status : taken("out", made);
}

/* Users whose rows are together, newest last, in a log of so many users. */
static void make_log(int users)
{
    struct buf log = {0};
    buf_text(&log, "user,item,time,kind\n");
    for (int u = 0; u < users; u++)
        for (int session = 0; session < 5; session++)
            for (int event = 0; event < 4; event++)
                buf_format(&log, "user%d,item%d,%d,%s\n", u, (u + session * event) % 7,
                           1000000000 + 86400 * session + 60 * event, event % 2 ? "view" : "buy");
    bytes_to_file("log.csv", log.at, log.len);
    buf_release(&log);
    text_to_file("profiles.tsv", "#id\tgender\tage\tcountry\tregistered\n"
                                 "user0\tf\t30\tNorway\tx\nuser1\tm\t\t\ty\n");
}

/* What a scenario makes becomes an input. */
static void keep(scenario run, const char *path)
{
    struct buf made = {0};
    struct err e = {0};
    must(run(&made, &e), &e);
    bytes_to_file(path, made.at, made.len);
    buf_release(&made);
}

int main(void)
{
    static const char *const split[] = {"min-sessions", "2", "split", "user:0.7", NULL};
    static const char *const supports[] = {"min-item-support", "2", "recent", "0.9", "split",
                                           "newest:0.8",       NULL};
    static const char *const none[] = {NULL};
    static const char *const searches[][2] = {{"sessions.mp", "user=user1"},
                                              {"batches.mp", "item=item3"},
                                              {"predictions.mp", "user=u1"},
                                              {"predictions.mp", "item=i1"}};
    struct buf s = {0};
    setenv("TMPDIR", ".", 1);
    make_log(4);
    keep(sessionized, "sessions.mp");
    ungrouped = true;
    keep(sessionized, "more.mp");
    filters = split;
    keep(filtered, "split.mp");
    scheme = "shuffled";
    keep(batched, "batches.mp");
    stream_make(STREAM_PREDICTIONS, true, &s);
    bytes_to_file("predictions.mp", s.at, s.len);
    for (int flush = 0; flush < 2; flush++) {
        flushed = flush;
        ungrouped = false;
        each_call_fails("a log", sessionized);
        ungrouped = true;
        each_call_fails("a log in any order", sessionized);
        merges = false;
        filters = split;
        each_call_fails("a split of users", filtered);
        filters = supports;
        each_call_fails("filters that survey", filtered);
        merges = true;
        filters = none;
        each_call_fails("users who are joined", filtered);
        scheme = "shuffled";
        each_call_fails("batches", batched);
        scheme = "user-parallel";
        each_call_fails("parallel batches", batched);
    }
    for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
        selected = searches[i];
        each_call_fails(searches[i][1], shown);
    }
    buf_release(&s);
    return tap_done();
}
