/* lfm-sessionize: makes sessions of a log of Last.fm. */
#include "cli/cli.h"
#include "data/sessionize_options.h"

int main(int argc, char **argv)
{
    static struct sessionize_options o = {
        .job.rules = {.gap = 1800, .min_events = 2, .max_events = 39, .cut = 20, .order = "auto"},
    };
    static const char *item = "artist";
    const struct option own[] = {
        {OPTION_CHOICE, 0, "item", "ITEM", "what the user listens to", &item, true,
         .choices = "artist|track"},
        {OPTION_TEXT, 0, "profiles", "FILE", "take users' countries, genders and ages from FILE",
         .to = &o.job.profiles, .file = true},
        {0},
    };
    const struct option *const tables[] = {own, sessionize_options(&o),
                                           cli_output_options(&o.output), NULL};
    const struct program program = {
        .name = "lfm-sessionize",
        .purpose = "Make sessions of a log of Last.fm.",
        .usage = "[option ...] [file ...]",
        .example = "lfm-sessionize log.tsv | spcat --summary",
        .tables = tables,
        .progress = PROGRESS_OF_INPUT,
    };
    struct cli *cli = cli_parse(&program, argc, argv);
    struct err e = {0};
    struct lastfm lastfm = {.track = !strcmp(item, "track")};
    struct meta meta = {.kind = STREAM_SESSIONS, .minor = STREAM_MINOR};
    meta_set_text(&meta, "item", item);
    o.job.format = lastfm_format(&lastfm);
    if (sessionize(cli, &program, &o, &meta, &e))
        cli_fail(cli, &e);
    lastfm_release(&lastfm);
    return 0;
}
