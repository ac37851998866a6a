/* reddit-sessionize: makes sessions of a log of posts (username,subreddit,utc). */
#include "cli/cli.h"
#include "data/sessionize_options.h"

int main(int argc, char **argv)
{
    static struct sessionize_options o = {
        .job.rules = {.gap = 3600, .min_events = 2, .max_events = 39, .cut = 20, .order = "auto"},
    };
    const struct option *const tables[] = {sessionize_options(&o), cli_output_options(&o.output),
                                           NULL};
    const struct program program = {
        .name = "reddit-sessionize",
        .purpose = "Make sessions of a log of posts with columns username, subreddit and utc.",
        .usage = "[option ...] [file ...]",
        .example = "reddit-sessionize reddit.csv | spcat --summary",
        .tables = tables,
        .progress = PROGRESS_OF_INPUT,
    };
    struct cli *cli = cli_parse(&program, argc, argv);
    struct err e = {0};
    struct reddit reddit = {0};
    struct meta meta = {.kind = STREAM_SESSIONS, .minor = STREAM_MINOR};
    o.job.format = reddit_format(&reddit);
    if (sessionize(cli, &program, &o, &meta, &e))
        cli_fail(cli, &e);
    reddit_release(&reddit);
    return 0;
}
