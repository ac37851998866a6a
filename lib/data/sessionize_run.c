#include "data/sessionize_run.h"

#include <inttypes.h>

#include "stream/output.h"

struct sessionizing {
    const struct sessionize_job *job;
    struct session_rules rules; /* the job's, `given` as the log's header settles */
    struct meta *meta;
    struct output stage; /* where records wait until what was dropped is known */
    struct regroup rows; /* where the rows of a log in any order wait */
    struct raw_log log;
    struct profiles profiles;
    struct sessionizer sessionizer;
    struct drops drops;
};

static void describe(const struct session_rules *rules, struct meta *m)
{
    enum { HOURS = 168 };
    int64_t edges[HOURS];
    for (int i = 0; i < HOURS; i++)
        edges[i] = 3600 * (i + 1);
    if (!rules->given)
        meta_set_int(m, "gap", rules->gap);
    meta_set_int(m, "min_events", rules->min_events);
    meta_set_int(m, "max_events", rules->max_events);
    meta_set_int(m, "cut", rules->cut);
    meta_set_bool(m, "keep_repeats", rules->keep_repeats);
    meta_set_int(m, "bad_rows", 0);
    meta_set_i64s(m, "delta_edges", edges, HOURS);
    meta_set_int(m, "week_shift", 0);
}

static int open_stage(struct sessionizing *r, struct err *e)
{
    const struct sessionize_job *job = r->job;
    return output_open(&r->stage, job->output, job->flush, r->meta, job->program, job->version,
                       job->options, e);
}

/* Sets in the header what is known only after the log has been read. */
static void describe_rows(struct sessionizing *r)
{
    meta_set_int(r->meta, "rows", (int64_t)r->log.rows);
    meta_set_int(r->meta, "bad_rows", (int64_t)r->log.bad);
    if (r->log.unwanted)
        meta_set_int(r->meta, "rows_left_out", (int64_t)r->log.unwanted);
    if (r->log.nobodys)
        meta_set_int(r->meta, "rows_without_user", (int64_t)r->log.nobodys);
    extra_columns_describe(r->sessionizer.carried.at, r->sessionizer.carried.len, r->meta);
}

/* Adds what an option with a number dropped. */
static void add_limit(struct drops *d, const char *option, int64_t limit, uint64_t events,
                      uint64_t sessions)
{
    struct buf why = {0};
    buf_format(&why, "%s %" PRId64, option, limit);
    drops_add(d, (struct bytes){why.at, why.len}, events, sessions);
    buf_release(&why);
}

/* What went between the rows of the log and the sessions of the stream. */
static void count_drops(struct sessionizing *r)
{
    const struct session_counts *c = &r->sessionizer.sessions.counts;
    const struct sessionizer *s = &r->sessionizer;
    const struct session_rules *rules = &r->rules;
    struct drops *d = &r->drops;
    uint64_t whole = c->sessions - c->pieces + c->cut;
    uint64_t items = (uint64_t)names_count(&s->items.names);
    d->events.of = r->log.rows;
    d->sessions.of = whole + c->too_short + c->too_long;
    d->users =
        (struct drop_share){(uint64_t)(s->users_read - s->users_written), (uint64_t)s->users_read};
    d->items = (struct drop_share){items - (uint64_t)s->items_written, items};
    d->cut = c->cut;
    d->pieces = c->pieces;
    drops_add(d, bytes_of("bad"), r->log.bad, 0);
    drops_add(d, bytes_of("without a user"), r->log.nobodys, 0);
    drops_add(d, bytes_of("not wanted (--where)"), r->log.unwanted, 0);
    drops_add(d, bytes_of("repeats"), c->repeats, 0);
    add_limit(d, "under --min-events", rules->min_events, c->short_events, c->too_short);
    add_limit(d, "over --max-events", rules->max_events, c->long_events, c->too_long);
    add_limit(d, "alone after --cut", rules->cut, c->single, 0);
}

/* 65: no session is left, and nobody said that this is well. */
static int check_left(const struct sessionizing *r, struct err *e)
{
    struct buf text = {0};
    if (r->sessionizer.sessions.counts.sessions || r->job->allow_empty)
        return 0;
    drops_text(&r->drops, &text);
    if (!r->log.rows)
        err_set(e, STATUS_DATA, "the log has no row: --allow-empty takes that");
    else if (r->log.unwanted && r->log.unwanted + r->log.nobodys + r->log.bad == r->log.rows)
        err_set(e, STATUS_DATA, "none of %" PRIu64 " rows is wanted: compare --where with the log",
                r->log.rows);
    else
        err_set(e, STATUS_DATA, "no session is left, which --allow-empty takes: %.*s",
                (int)text.len, text.at);
    buf_release(&text);
    return e->status;
}

static int make_sessions(struct sessionizing *r, struct frame_out *out, struct err *e)
{
    if (r->job->ungrouped ? sessionizer_write(&r->sessionizer, &r->rows, out, e)
                          : sessionizer_run(&r->sessionizer, out, e))
        return e->status;
    count_drops(r);
    return check_left(r, e);
}

/* Whether a reader waits for each user, and the header, which comes first, needs nothing of the
 * log's end but what is dropped; then it does without. */
static bool is_at_once(const struct sessionizing *r)
{
    const struct sessionize_job *job = r->job;
    return job->flush && (job->ungrouped || (!job->skip_bad && !r->log.format.carried_count));
}

static int write_at_once(struct sessionizing *r, struct err *e)
{
    if (r->job->ungrouped)
        describe_rows(r);
    return open_stage(r, e) ? e->status : make_sessions(r, &r->stage.out, e);
}

static int write_held(struct sessionizing *r, struct err *e)
{
    if (output_hold(&r->stage, r->job->output, e) || make_sessions(r, &r->stage.out, e))
        return e->status;
    describe_rows(r);
    if (drops_note(&r->drops, r->job->program, r->meta, e) || open_stage(r, e))
        return e->status;
    return output_pour(&r->stage, e);
}

static int write_sessions(struct sessionizing *r, struct err *e)
{
    const struct raw_format *format = &r->log.format;
    int begun = raw_begin(&r->log, e);
    r->rules.given = format->sessions && *format->sessions;
    describe(&r->rules, r->meta);
    if (begun)
        return begun;
    sessionizer_open(&r->sessionizer, &r->rules, &r->profiles, &r->log);
    if (r->job->ungrouped)
        mem_give_back();
    if (r->job->ungrouped && sessionizer_read(&r->sessionizer, &r->rows, r->job->memory, e))
        return e->status;
    if (is_at_once(r) ? write_at_once(r, e) : write_held(r, e))
        return e->status;
    return output_finish(&r->stage, e);
}

/* Writes an abort for the next program, after a header if there is none yet. */
static void abort_output(struct sessionizing *r, const struct err *why)
{
    struct err ignored = {0};
    if (!r->stage.begun)
        open_stage(r, &ignored);
    output_abort(&r->stage, why);
}

static void fill_report(const struct sessionizing *r, struct sessionize_report *report)
{
    *report = (struct sessionize_report){
        .rows = r->log.rows,
        .bad = r->log.bad,
        .unwanted = r->log.unwanted,
        .nobodys = r->log.nobodys,
        .first_bad = r->log.first_bad,
        .log_users = r->sessionizer.users_read,
        .users = r->sessionizer.users_written,
        .items = r->sessionizer.items_written,
        .counts = r->sessionizer.sessions.counts,
        .drops = r->drops,
    };
}

int sessionize_run(const struct sessionize_job *job, struct meta *meta,
                   struct sessionize_report *report, struct err *e)
{
    struct sessionizing r = {.job = job, .rules = job->rules, .meta = meta};
    r.rows.scratch.fd = -1;
    if (job->profiles && profiles_read(&r.profiles, job->profiles, e)) {
        profiles_release(&r.profiles);
        return e->status;
    }
    raw_open(&r.log, job->format, job->paths, job->count, job->skip_bad, job->meter);
    r.log.open_end = job->open_end;
    int status = write_sessions(&r, e);
    if (status)
        abort_output(&r, e);
    fill_report(&r, report);
    regroup_release(&r.rows);
    sessionizer_release(&r.sessionizer);
    raw_close(&r.log);
    profiles_release(&r.profiles);
    return status;
}
