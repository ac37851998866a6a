/* Sessions of small logs: grouped by user, and in any order. */
#include "data/sessionizer.h"

#include "base/num.h"
#include "base/text_fields.h"

#include "../files.h"
#include "../tap.h"
#include "made.h"

static const struct session_rules rules = {
    .gap = 100, .min_events = 2, .max_events = 0, .order = "oldest-first"};

/* A row is "user item time title tag", with a space between; "-" is no title. */
static int row_of(void *state, struct bytes line, struct raw_row *row, struct err *e)
{
    struct bytes *field = state;
    if (fields_split(line, ' ', field, 5) != 5 || !num_i64(field[2].at, field[2].len, &row->time))
        return err_set(e, STATUS_DATA, "not a row");
    row->user = field[0], row->item = field[1];
    row->title = *field[3].at == '-' ? (struct bytes){0} : field[3];
    row->carried = field + 4;
    return 0;
}

static struct bytes fields[5];
static const char *const carried[] = {"tag"};
static const struct raw_format format = {
    .state = fields, .name = "rows", .row = row_of, .carried = carried, .carried_count = 1};

static void tell_named(struct buf *to, const struct sessions_record *r)
{
    struct bytes title = attributes_find(r->named.attributes, "title");
    struct bytes country = attributes_find(r->named.attributes, "country");
    buf_format(to, "%s%d=%.*s", r->kind == RECORD_USER ? "u" : "i", (int)r->named.id,
               (int)r->named.name.len, r->named.name.at);
    if (title.len)
        buf_format(to, "(%.*s)", (int)title.len, title.at);
    if (country.len)
        buf_format(to, "[%.*s]", (int)country.len, country.at);
}

/* u0=ann i0=x(title) s0: item@time, ... tags */
static void tell(struct buf *to, const struct sessions_record *r)
{
    const struct session *s = &r->session;
    if (r->kind != RECORD_SESSION) {
        tell_named(to, r);
    } else {
        buf_format(to, "s%d:", (int)s->user);
        for (size_t i = 0; i < s->count; i++)
            buf_format(to, "%s%d@%d/%d", i ? "," : "", (int)s->items[i], (int)s->times[i],
                       (int)column_i32(s->extras[0].column)[i]);
    }
    buf_byte(to, ' ');
}

/* What the stream that was written says; until the next call. */
static const char *told(struct made *m)
{
    static struct buf text;
    struct sessions_in *in = made_again(m);
    struct sessions_record r;
    struct err e = {0};
    buf_clear(&text);
    while (sessions_in_next(in, &r, &e) == READ_RECORD)
        tell(&text, &r);
    must(e.status, &e);
    sessions_in_close(in);
    buf_byte(&text, 0);
    return text.at;
}

struct job {
    struct raw_log log;
    struct sessionizer sessionizer;
    struct profiles profiles;
    struct made made;
    struct err e;
    const char *path;
};

static void job_open(struct job *j, const char *text)
{
    j->path = stream_file(text, strlen(text));
    j->profiles = (struct profiles){.packed = {0}};
    raw_open(&j->log, format, &j->path, 1, false, NULL);
    sessionizer_open(&j->sessionizer, &rules, &j->profiles, &j->log);
    made_open(&j->made);
}

static void job_close(struct job *j)
{
    raw_close(&j->log);
    sessionizer_release(&j->sessionizer);
    profiles_release(&j->profiles);
}

/* ---- grouped ---- */

static void grouped(void)
{
    struct job j;
    job_open(&j, "ann x 5 - b\n"
                 "ann y 6 - a\n"
                 "ann z 900 - a\n"
                 "bob x 7 X b\n"
                 "bob z 8 Z a\n"
                 "bob x 9 Y b\n");
    must(sessionizer_run(&j.sessionizer, &j.made.out, &j.e), &j.e);
    const char *got = told(&j.made);
    tap_ok(!strcmp(got, "u0=ann i0=x i1=y s0:0@5/0,1@6/1 u1=bob i2=z(Z) s1:0@7/0,2@8/1,0@9/0 "),
           "ids, titles and codes in order of first use: %s", got);
    tap_ok(j.sessionizer.users_read == 2 && j.sessionizer.items_written == 3 &&
               j.sessionizer.sessions.counts.sessions == 2 &&
               j.sessionizer.sessions.counts.too_short == 1,
           "users, items and sessions are counted");
    job_close(&j);
}

static void not_written(void)
{
    struct job j;
    job_open(&j, "ann x 5 - a\nbob y 5 - a\nbob z 6 - a\n");
    must(sessionizer_run(&j.sessionizer, &j.made.out, &j.e), &j.e);
    const char *got = told(&j.made);
    tap_ok(!strcmp(got, "u0=bob i0=y i1=z s0:0@5/0,1@6/0 "),
           "a user and an item without a session get no id: %s", got);
    tap_ok(j.sessionizer.users_read == 2 && j.sessionizer.users_written == 1, "but are counted");
    job_close(&j);
}

static void comes_back(void)
{
    struct job j;
    job_open(&j, "ann x 5 - a\nbob y 5 - a\nann z 6 - a\n");
    tap_ok(sessionizer_run(&j.sessionizer, &j.made.out, &j.e) == STATUS_DATA &&
               strstr(j.e.text, "line 3: user \"ann\" comes back after another"),
           "%s", j.e.text);
    frame_out_release(&j.made.out);
    fclose(j.made.file);
    job_close(&j);
}

static void with_profiles(void)
{
    struct job j;
    text_to_file("profiles.tsv", "ann\tf\t\tNorway\t\n");
    job_open(&j, "ann x 5 - a\nann y 6 - a\n");
    must(profiles_read(&j.profiles, "profiles.tsv", &j.e), &j.e);
    must(sessionizer_run(&j.sessionizer, &j.made.out, &j.e), &j.e);
    const char *got = told(&j.made);
    tap_ok(!strncmp(got, "u0=ann[Norway] ", 15), "users have their attributes: %s", got);
    job_close(&j);
}

/* ---- in any order ---- */

static void ungrouped(void)
{
    struct job j;
    struct regroup rows;
    job_open(&j, "bob x 7 Y b\n"
                 "ann x 5 X b\n"
                 "bob z 8 - a\n"
                 "ann y 6 - a\n");
    must(sessionizer_read(&j.sessionizer, &rows, 1 << 20, &j.e), &j.e);
    must(sessionizer_write(&j.sessionizer, &rows, &j.made.out, &j.e), &j.e);
    const char *got = told(&j.made);
    tap_ok(!strcmp(got, "u0=ann i0=x(X) i1=y s0:0@5/1,1@6/0 u1=bob i2=z s1:0@7/1,2@8/0 "),
           "users and codes in byte order, the least title: %s", got);
    regroup_release(&rows);
    job_close(&j);
}

int main(void)
{
    grouped();
    not_written();
    comes_back();
    with_profiles();
    ungrouped();
    return tap_done();
}
