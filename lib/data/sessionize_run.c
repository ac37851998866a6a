#include "data/sessionize_run.h"

#include "data/spool.h"
#include "stream/output.h"

struct sessionizing {
    const struct sessionize_job *job;
    struct session_rules rules; /* the job's, `given` as the log's header settles */
    struct meta *meta;
    struct output stage;
    bool opened;         /* the stage, or it failed */
    struct spool held;   /* where the records wait for the end of a grouped log */
    struct regroup rows; /* where the rows of a log in any order wait */
    struct raw_log log;
    struct profiles profiles;
    struct sessionizer sessionizer;
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
    r->opened = true;
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

static int write_grouped(struct sessionizing *r, struct err *e)
{
    if (!r->job->skip_bad && !r->log.format.carried_count)
        return open_stage(r, e) ? e->status : sessionizer_run(&r->sessionizer, &r->stage.out, e);
    if (spool_open(&r->held, r->job->output, r->meta, e) ||
        sessionizer_run(&r->sessionizer, &r->held.out, e))
        return e->status;
    describe_rows(r);
    return open_stage(r, e) ? e->status : spool_pour(&r->held, &r->stage.out, e);
}

static int write_ungrouped(struct sessionizing *r, struct err *e)
{
    if (sessionizer_read(&r->sessionizer, &r->rows, r->job->memory, e))
        return e->status;
    describe_rows(r);
    if (open_stage(r, e))
        return e->status;
    return sessionizer_write(&r->sessionizer, &r->rows, &r->stage.out, e);
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
    if (r->job->ungrouped ? write_ungrouped(r, e) : write_grouped(r, e))
        return e->status;
    return output_finish(&r->stage, e);
}

/* Writes an abort for the next program, after a header if there is none yet. */
static void abort_output(struct sessionizing *r, const struct err *why)
{
    struct err ignored = {0};
    if (!r->opened)
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
    };
}

int sessionize_run(const struct sessionize_job *job, struct meta *meta,
                   struct sessionize_report *report, struct err *e)
{
    struct sessionizing r = {
        .job = job, .rules = job->rules, .meta = meta, .stage.sink.fd = -1, .held = SPOOL_CLOSED};
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
    spool_close(&r.held);
    regroup_release(&r.rows);
    sessionizer_release(&r.sessionizer);
    raw_close(&r.log);
    profiles_release(&r.profiles);
    return status;
}
