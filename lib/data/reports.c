#include "data/reports.h"

#include "base/mem.h"
#include "base/time.h"

void report_drops(struct cli *cli, const struct drops *d)
{
    struct buf text = {0};
    drops_text(d, &text);
    if (text.len)
        cli_note(cli, "%.*s", (int)text.len, text.at);
    buf_release(&text);
}

void report_memory(struct cli *cli, int64_t memory)
{
    size_t most = mem_most_held();
    if (most > (size_t)memory + MEM_BESIDE)
        cli_warn(cli, "--memory: %zu MB were needed for what cannot wait in temporary files",
                 most >> 20);
}

/* Names the day or week that a part is, and warns where it lies far behind all other sessions. */
static void say_span(struct cli *cli, const struct filter_setting *s, const struct split_report *r)
{
    enum { DAY = 86400, FAR = 7 * DAY };
    char from[TIME_TEXT], to[TIME_TEXT];
    int64_t sessions = r->sessions[strcmp(s->filter->name, "split") ? PART_VALIDATION : PART_TEST];
    if (!s->last)
        return;
    time_text(s->number > 0 ? s->number : 0, from);
    time_text(s->last, to);
    cli_note(cli, "--%s %s: %lld sessions end from %s to %s", s->filter->name, s->text,
             (long long)sessions, from, to);
    if (s->gap > FAR && s->gap > s->last - s->number)
        cli_warn(cli,
                 "--%s %s: these end %lld days after all others: if their times are wrong, put "
                 "--until before it",
                 s->filter->name, s->text, (long long)(s->gap / DAY));
}

static void say_split(struct cli *cli, const struct split_report *r)
{
    cli_note(cli, "training %lld sessions, validation %lld, test %lld, of %lld users",
             (long long)r->sessions[PART_TRAIN], (long long)r->sessions[PART_VALIDATION],
             (long long)r->sessions[PART_TEST], (long long)r->users);
    cli_note(cli, "%lld of %lld test items are never seen in training (%lld of %lld test events)",
             (long long)r->test_items_unseen, (long long)r->test_items,
             (long long)r->test_events_unseen, (long long)r->events[PART_TEST]);
    cli_note(cli, "%lld of %lld users have no training session", (long long)r->users_untrained,
             (long long)r->users);
    if (r->test_events_future)
        cli_warn(cli, "%lld of %lld test events are of items that training sees only later",
                 (long long)r->test_events_future, (long long)r->events[PART_TEST]);
    if (r->sessions_astride)
        cli_warn(cli, "%lld sessions straddle the edge between two parts",
                 (long long)r->sessions_astride);
    if (r->sessions_overlapping)
        cli_warn(cli, "%lld sessions begin before an earlier one of their user has ended",
                 (long long)r->sessions_overlapping);
    if (r->users_tied)
        cli_warn(cli,
                 "%lld users have events of one time on both sides of the edge: the order of the "
                 "log decides",
                 (long long)r->users_tied);
}

/* Where the log was cut within a session, nothing tells its two halves from two sessions. */
static void say_adjoined(struct cli *cli, uint64_t adjoined)
{
    if (adjoined)
        cli_warn(cli,
                 "--merge: %llu sessions begin within the gap after one of another stream, or "
                 "before it has ended: sessionized together, the logs would have one session there",
                 (unsigned long long)adjoined);
}

/* The number of items is the width of every model's output, and of what targets are ranked among.
 */
static void say_lost(struct cli *cli, const struct filter_chain *chain)
{
    for (size_t i = 0; i < chain->settings.len; i++) {
        const struct filter_setting *s = &chain->settings.at[i];
        if (s->items_lost)
            cli_warn(cli,
                     "--%s %s after a split drops %lld items that only older sessions have, and "
                     "targets are ranked among fewer: batcher --train-recent %s keeps them",
                     s->filter->name, s->text, (long long)s->items_lost, s->text);
    }
}

void report_filtering(struct cli *cli, const struct filter_chain *chain,
                      const struct filter_result *result)
{
    report_drops(cli, &result->drops);
    say_adjoined(cli, result->adjoined);
    if (filter_chain_splits(chain))
        say_split(cli, &result->split);
    for (size_t i = 0; i < chain->settings.len; i++)
        say_span(cli, &chain->settings.at[i], &result->split);
    say_lost(cli, chain);
}
