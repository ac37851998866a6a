#include "train/card.h"

#include <inttypes.h>

#include "base/json.h"
#include "base/output_file.h"
#include "base/path.h"
#include "base/time.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "nn/safetensors.h"
#include "stream/drops.h"

/* ---- the scores ---- */

void card_pass(struct card *c, const struct pass_stats *stats, const struct best *best)
{
    enum part part = stats->epoch.part;
    if (stats->epoch.number != c->epochs)
        memset(c->now, 0, sizeof c->now);
    c->epochs = stats->epoch.number;
    c->now[part] = (struct card_scores){true, stats->events, pass_stats_pass(stats).loss,
                                        part == PART_TRAIN ? 0 : pass_stats_recall(stats),
                                        part == PART_TRAIN ? 0 : pass_stats_mrr(stats)};
    if (best->weights && best->epoch == c->epochs)
        memcpy(c->chosen, c->now, sizeof c->chosen);
}

static void scores_state(struct card_scores *scores, const char *name, struct state *s)
{
    state_begin(s, name);
    for (int part = PART_TRAIN; part <= PART_TEST; part++) {
        struct card_scores *at = &scores[part];
        state_begin(s, part_name[part]);
        state_flag(s, "there", &at->there);
        state_i64(s, "targets", &at->targets, 0, INT64_MAX);
        state_f64(s, "loss", &at->loss);
        state_f64(s, "recall", &at->recall);
        state_f64(s, "mrr", &at->mrr);
        state_end(s);
    }
    state_end(s);
}

void card_state(struct card *c, struct state *s)
{
    state_begin(s, "card");
    scores_state(c->now, "now", s);
    scores_state(c->chosen, "chosen", s);
    state_i64(s, "epochs", &c->epochs, 0, INT64_MAX);
    state_end(s);
}

/* ---- Markdown ---- */

/* A text as it is: nothing in it is a mark or ends a cell of a table.  It is not at the beginning
 * of a line. */
static void append_text(struct buf *to, struct bytes text)
{
    struct buf clean = {0};
    utf8_clean(&clean, text);
    for (size_t i = 0; i < clean.len; i++) {
        if (strchr("\\`*_[]<|~&$", clean.at[i]))
            buf_byte(to, '\\');
        buf_byte(to, clean.at[i]);
    }
    buf_release(&clean);
}

static void append_time(struct buf *to, int64_t time)
{
    char text[TIME_TEXT];
    time_text(time, text);
    buf_text(to, text);
}

/* ---- its parts ---- */

/* The hash that the model file has of its tensors, and the file's name without its folder. */
static int append_file(struct buf *to, const char *path, struct err *e)
{
    struct safetensors file;
    if (safetensors_open(&file, path, e))
        return e->status;
    buf_text(to, "| file | ");
    append_text(to, bytes_of(path_base(path)));
    buf_text(to, " |\n");
    struct bytes hash = safetensors_text_of(&file, "xxh3");
    if (hash.at) {
        buf_text(to, "| XXH3 of its tensors | ");
        append_text(to, hash);
        buf_text(to, " |\n");
    }
    safetensors_close(&file);
    return 0;
}

static int append_model(struct buf *to, const struct card *c, const struct card_facts *f,
                        struct err *e)
{
    const char *by = f->best->selected_on;
    buf_text(to, "# ");
    append_text(to, f->label);
    buf_text(to, "\n\n| | |\n| --- | --- |\n| model | ");
    append_text(to, f->label);
    buf_text(to, " |\n");
    if (append_file(to, f->model_path, e))
        return e->status;
    buf_format(to, "| weights | %" PRId64 " |\n", f->weights);
    buf_format(to, "| epoch | %" PRId64 " of %" PRId64 ", ", f->best->epoch, c->epochs);
    if (!strcmp(by, "last"))
        buf_text(to, "the last one");
    else
        buf_format(to, "the best by recall@20 on the %s part", by);
    buf_format(to, " |\n| updates | %" PRId64 " |\n| seed | %" PRId64 " |\n", f->best->step,
               f->seed);
    if (f->diverged)
        buf_text(to, "\nTraining diverged after this epoch.\n");
    return 0;
}

static void append_scores(struct buf *to, const struct card *c, const struct card_facts *f)
{
    buf_text(to, "\n## Scores of this epoch\n\n| part | targets | loss | recall@20 | MRR@20 |\n"
                 "| --- | ---: | ---: | ---: | ---: |\n");
    for (int part = PART_TRAIN; part <= PART_TEST; part++) {
        const struct card_scores *s =
            f->best->epoch == c->epochs ? &c->now[part] : &c->chosen[part];
        if (!s->there)
            continue;
        buf_format(to, "| %s | %" PRId64 " | %.4f |", part_name[part], s->targets, s->loss);
        if (part == PART_TRAIN)
            buf_text(to, " | |\n");
        else
            buf_format(to, " %.4f | %.4f |\n", s->recall, s->mrr);
    }
    if (!strcmp(f->best->selected_on, "test"))
        buf_text(to, "\nThe test part chose the epoch: its scores are too good.\n");
}

struct part_counts {
    int64_t users, sessions, events, first, last;
};

static void count_session(struct part_counts *p, const struct session_store *c, size_t session)
{
    int64_t start = session_store_start(c, session), last = session_store_last(c, session);
    p->first = !p->sessions || start < p->first ? start : p->first;
    p->last = !p->sessions || last > p->last ? last : p->last;
    p->sessions++;
    p->events += (int64_t)session_store_length(c, session);
}

/* By part. */
static void count_parts(const struct session_store *c, struct part_counts *counts)
{
    for (size_t u = 0; u < session_store_users(c); u++) {
        bool has[4] = {false};
        for (size_t i = (size_t)c->first.at[u]; i < (size_t)c->first.at[u + 1]; i++) {
            enum part part = session_store_part(c, i);
            count_session(&counts[part], c, i);
            has[part] = true;
        }
        for (int part = PART_TRAIN; part <= PART_TEST; part++)
            counts[part].users += has[part];
    }
}

static void append_data(struct buf *to, const struct card_facts *f)
{
    struct part_counts counts[4] = {{0}};
    count_parts(f->store, counts);
    buf_format(to, "\n## Data\n\n%" PRId32 " users, %" PRId32 " items.\n\n", f->users, f->items);
    buf_text(to, "| part | users | sessions | events | first event | last event |\n"
                 "| --- | ---: | ---: | ---: | --- | --- |\n");
    for (int part = PART_TRAIN; part <= PART_TEST; part++) {
        const struct part_counts *p = &counts[part];
        if (!p->sessions)
            continue;
        buf_format(to, "| %s | %" PRId64 " | %" PRId64 " | %" PRId64 " | ", part_name[part],
                   p->users, p->sessions, p->events);
        append_time(to, p->first);
        buf_text(to, " | ");
        if (p->last == INT64_MAX)
            buf_text(to, "not known");
        else
            append_time(to, p->last);
        buf_text(to, " |\n");
    }
}

/* What each program of the chain says that it left out: lines "dropped by PROGRAM<tab>TEXT". */
static void append_drops(struct buf *to, const struct meta *m)
{
    struct buf lines = {0};
    if (drops_show(m, &lines) && lines.len)
        buf_text(to, "\nLeft out before training:\n\n");
    for (const char *at = lines.at, *end = lines.at + lines.len; at < end;) {
        const char *tab = memchr(at, '\t', (size_t)(end - at));
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        const char *program = at + strlen("dropped by ");
        buf_text(to, "- by ");
        append_text(to, (struct bytes){program, (size_t)(tab - program)});
        buf_text(to, ": ");
        append_text(to, (struct bytes){tab + 1, (size_t)(line_end - tab - 1)});
        buf_byte(to, '\n');
        at = line_end + 1;
    }
    buf_release(&lines);
}

/* ---- the chain ---- */

/* Appends " VALUE" of an option; false: it has none, or is not given. */
static bool append_value(struct buf *to, struct cursor *c)
{
    struct token t;
    struct buf number = {0};
    if (!cursor_next(c, &t))
        return false;
    switch (t.kind) {
    case TOKEN_BOOL:
        return t.boolean;
    case TOKEN_INT:
        buf_format(&number, "%" PRId64, t.i);
        break;
    case TOKEN_REAL:
        json_number(&number, t.real);
        break;
    case TOKEN_STR:
        buf_append(&number, t.bytes.at, t.bytes.len);
        break;
    default:
        return false;
    }
    buf_byte(to, ' ');
    append_text(to, (struct bytes){number.at, number.len});
    buf_release(&number);
    return true;
}

/* Appends the option with its value, or once for each of its values. */
static void append_option(struct buf *to, struct bytes name, struct bytes value)
{
    struct cursor c = cursor_of(value);
    uint32_t values = 1;
    cursor_array(&c, &values);
    while (values--) {
        size_t from = to->len;
        buf_text(to, " --");
        append_text(to, name);
        if (!append_value(to, &c))
            to->len = from;
    }
}

/* A packed [program, version, {option: value}]. */
static void append_program(struct buf *to, struct bytes packed)
{
    struct cursor c = cursor_of(packed);
    struct bytes name, version, value;
    uint32_t three, options = 0;
    if (!cursor_array(&c, &three) || !cursor_str(&c, &name) || !cursor_str(&c, &version))
        return;
    buf_text(to, "| ");
    append_text(to, name);
    buf_byte(to, ' ');
    append_text(to, version);
    buf_text(to, " |");
    cursor_map(&c, &options);
    while (options-- && cursor_str(&c, &name) && cursor_value(&c, CURSOR_DEPTH, &value))
        append_option(to, name, value);
    buf_text(to, " |\n");
}

static void append_chain(struct buf *to, const struct card_facts *f)
{
    struct meta all;
    meta_copy(&all, f->meta);
    meta_add_program(&all, f->program, SESSPIPE_VERSION, f->options);
    buf_text(to, "\n## How it was made\n\nThe chain of programs, with their options, those at "
                 "their defaults too:\n\n| program | options |\n| --- | --- |\n");
    for (size_t i = 0; i < all.pipeline.len; i++)
        append_program(to, (struct bytes){all.pipeline.at[i].at, all.pipeline.at[i].len});
    meta_release(&all);
}

int card_write(const struct card *c, const struct card_facts *facts, struct err *e)
{
    struct buf text = {0};
    struct output_file file;
    int status = append_model(&text, c, facts, e);
    if (!status) {
        append_scores(&text, c, facts);
        append_data(&text, facts);
        append_drops(&text, facts->meta);
        append_chain(&text, facts);
        status = output_file_open(&file, facts->path, e);
    }
    if (!status && output_file_write(&file, text.at, text.len, e))
        output_file_discard(&file), status = e->status;
    else if (!status)
        status = output_file_commit(&file, e);
    buf_release(&text);
    return status;
}
