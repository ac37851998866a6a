#include "cli/progress.h"

#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/private.h"

void progress_rows_set(struct cli *cli)
{
    const struct option rows[] = {
        {OPTION_CHOICE, 0, "progress", "HOW", "progress on stderr", &cli->progress,
         .choices = "auto|json|none"},
        {OPTION_FLAG, 'q', "quiet", .help = "write nothing to stderr when all is well",
         .to = &cli->quiet},
        {0},
    };
    _Static_assert(sizeof rows == sizeof cli->progress_rows, "room for the rows");
    memcpy(cli->progress_rows, rows, sizeof rows);
}

bool progress_json(const struct cli *cli)
{
    return cli->json;
}

/* Seconds on a clock that never goes back. */
static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- what is said ---- */

static void put_amount(struct buf *to, double bytes)
{
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB"};
    int i = 0;
    for (; bytes >= 999.5 && i < 4; i++)
        bytes /= 1000;
    buf_format(to, "%.*f %s", i && bytes < 99.5 ? 1 : 0, bytes, unit[i]);
}

static void put_time(struct buf *to, double seconds)
{
    if (seconds < 99.5)
        buf_format(to, "%.0f s", seconds);
    else if (seconds < 5970)
        buf_format(to, "%.0f min", seconds / 60);
    else
        buf_format(to, "%.1f h", seconds / 3600);
}

static double time_left(const struct progress *p)
{
    return p->seconds * (1 - p->share) / p->share;
}

static double rate(const struct progress *p)
{
    double done = p->unit ? p->count : p->bytes;
    return p->seconds > 0 ? done / p->seconds : 0;
}

static void put_head(const struct cli *cli, struct buf *to, const struct progress *p)
{
    buf_format(to, "%s: ", cli->program->name);
    if (p->epoch)
        buf_format(to, "epoch %lld ", (long long)p->epoch);
    if (p->epochs)
        buf_format(to, "of %lld ", (long long)p->epochs);
    if (p->part)
        buf_format(to, "%s ", p->part);
    if (p->epoch || p->part) {
        to->len--;
        buf_text(to, ": ");
    }
}

static void put_text(const struct cli *cli, struct buf *to, const struct progress *p)
{
    put_head(cli, to, p);
    if (p->share > 0) {
        buf_format(to, "%.0f%%", 100 * p->share);
        if (p->total > 0) {
            buf_text(to, " of ");
            put_amount(to, p->total);
        }
        buf_text(to, ", ");
        put_time(to, time_left(p));
        buf_text(to, " left, ");
    } else if (p->bytes > 0) {
        put_amount(to, p->bytes);
        buf_text(to, ", ");
    }
    if (p->loss)
        buf_format(to, "loss %.4f, ", *p->loss);
    if (p->unit) {
        buf_format(to, "%.0f %s/s", rate(p), p->unit);
    } else if (p->bytes > 0) {
        put_amount(to, rate(p));
        buf_format(to, "/s, %llu records", (unsigned long long)cli->meter.records);
    } else {
        to->len -= 2;
    }
}

static void put_member(struct buf *to, const char *key, double value)
{
    buf_format(to, ",\"%s\":", key);
    json_number(to, round(value * 1000) / 1000);
}

static void put_json(const struct cli *cli, struct buf *to, const struct progress *p, bool done)
{
    buf_text(to, "{\"program\":");
    json_text(to, bytes_of(cli->program->name));
    if (p->epoch)
        buf_format(to, ",\"epoch\":%lld", (long long)p->epoch);
    if (p->epochs)
        buf_format(to, ",\"epochs\":%lld", (long long)p->epochs);
    if (p->part)
        buf_format(to, ",\"part\":\"%s\"", p->part);
    put_member(to, "seconds", p->seconds);
    if (p->share > 0) {
        put_member(to, "share", p->share);
        put_member(to, "left", time_left(p));
    }
    if (p->bytes > 0) {
        put_member(to, "bytes", p->bytes);
        put_member(to, "records", (double)cli->meter.records);
    }
    if (p->total > 0)
        put_member(to, "total", p->total);
    if (p->loss)
        put_member(to, "loss", *p->loss);
    if (p->unit)
        put_member(to, p->unit, p->count);
    put_member(to, "per_second", round(rate(p)));
    buf_format(to, ",\"done\":%s}\n", done ? "true" : "false");
}

/* ---- showing ---- */

bool progress_due(struct cli *cli)
{
    if (!cli->text && !cli->json)
        return false;
    double t = seconds_now();
    if (t < cli->next)
        return false;
    cli->next = t + (cli->json ? 1 : 0.25);
    return true;
}

static void say(struct cli *cli, const struct progress *p, bool done)
{
    struct buf text = {0};
    if (cli->json) {
        put_json(cli, &text, p, done);
        (void)!write(STDERR_FILENO, text.at, text.len);
    } else {
        put_text(cli, &text, p);
        status_line_put(cli, &text);
    }
    buf_release(&text);
}

void progress_show(struct cli *cli, const struct progress *p)
{
    say(cli, p, false);
}

static struct progress of_input(const struct cli *cli)
{
    struct progress p = {.bytes = (double)cli->meter.bytes, .seconds = seconds_now() - cli->began};
    /* An input that is read twice or grows has no share. */
    if (cli->total > 0 && p.bytes <= cli->total) {
        p.total = cli->total;
        p.share = p.bytes / p.total;
    }
    return p;
}

static void show_input(void *to)
{
    struct cli *cli = to;
    if (!progress_due(cli))
        return;
    struct progress p = of_input(cli);
    progress_show(cli, &p);
}

void progress_count(struct cli *cli, const char *part, double count, const char *unit)
{
    if (strcmp(part, cli->part)) {
        cli->part = part;
        cli->part_began = seconds_now();
    }
    if (!progress_due(cli))
        return;
    struct progress p = {
        .part = part, .count = count, .unit = unit, .seconds = seconds_now() - cli->part_began};
    progress_show(cli, &p);
}

static bool is_pipe(int fd)
{
    struct stat s = {0};
    fstat(fd, &s);
    return S_ISFIFO(s.st_mode);
}

void progress_epoch(struct cli *cli, int64_t epoch, int64_t epochs)
{
    if (cli->text && !cli_given(cli, "output") && is_pipe(STDOUT_FILENO))
        status_line_stop(cli);
    if (!progress_due(cli))
        return;
    struct progress p = {.epoch = epoch,
                         .epochs = epochs,
                         .share = (double)(epoch - 1) / (double)epochs,
                         .seconds = seconds_now() - cli->began};
    progress_show(cli, &p);
}

/* ---- beginning and end ---- */

/* The bytes of all inputs; 0: they are not all regular files. */
static double size_of_inputs(struct operands files)
{
    static const char *const standard[] = {"-"};
    double total = 0;
    if (!files.count)
        files = (struct operands){standard, 1};
    for (int i = 0; i < files.count; i++) {
        struct stat s;
        bool is_stdin = !strcmp(files.at[i], "-");
        if ((is_stdin ? fstat(STDIN_FILENO, &s) : stat(files.at[i], &s)) || !S_ISREG(s.st_mode))
            return 0;
        off_t begun = is_stdin ? lseek(STDIN_FILENO, 0, SEEK_CUR) : 0;
        total += (double)(s.st_size - (begun > 0 ? begun : 0));
    }
    return total;
}

/* A program in the middle of a pipeline shows nothing; on a terminal that takes the output no
 * progress is shown.
 */
static bool may_rewrite(const struct cli *cli)
{
    if (cli->quiet || strcmp(cli->progress, "auto") || !isatty(STDERR_FILENO))
        return false;
    if (cli->program->progress != PROGRESS_OF_INPUT || cli_given(cli, "output"))
        return true;
    return !isatty(STDOUT_FILENO) &&
           !(cli->total <= 0 && is_pipe(STDIN_FILENO) && is_pipe(STDOUT_FILENO));
}

void progress_end(struct cli *cli)
{
    if (cli->json && cli->program->progress == PROGRESS_OF_INPUT && !cli->failed) {
        struct progress p = of_input(cli);
        say(cli, &p, true);
    }
    status_line_stop(cli);
}

void progress_begin(struct cli *cli)
{
    if (cli->program->progress == PROGRESS_NONE)
        return;
    cli->began = seconds_now();
    cli->total = size_of_inputs(cli_operands(cli));
    cli->json = !strcmp(cli->progress, "json");
    cli->text = !cli->json && may_rewrite(cli);
    /* Short work shows nothing. Of the programs of a pipe those that know their share show first.
     */
    cli->next = cli->began + (cli->json || cli->total <= 0 ? 1 : 0.5);
    if ((cli->text || cli->json) && cli->program->progress == PROGRESS_OF_INPUT)
        cli->meter = (struct input_meter){.seen = show_input, .to = cli};
}
