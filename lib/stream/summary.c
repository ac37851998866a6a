#include "stream/summary.h"

#include <inttypes.h>
#include <time.h>

#include "base/json.h"
#include "stream/drops.h"
#include "stream/json.h"
#include "stream/time_range.h"

/* What a stream holds; arrays by part (enum part). */
struct stream_summary {
    uint64_t users, items, passes, batches, parallel, again, left_out;
    uint64_t sessions[4], events[4];
    uint64_t ranks[4], lists[4], attention[4], intents[4];
    struct time_range times;
    struct epoch epoch; /* the last one */
};

static void row(struct buf *to, const char *name, uint64_t value)
{
    buf_format(to, "%s\t%" PRIu64 "\n", name, value);
}

/* The sum, and each part's share. */
static void rows(struct buf *to, const char *name, const uint64_t value[4])
{
    row(to, name, value[0] + value[1] + value[2] + value[3]);
    for (int part = PART_TRAIN; part <= PART_TEST; part++)
        if (value[part])
            buf_format(to, "%s %s\t%" PRIu64 "\n", name, part_name[part], value[part]);
}

/* [program, version, options] as "program version options". */
static void show_program(struct buf *to, struct buf packed)
{
    struct cursor c = cursor_of((struct bytes){packed.at, packed.len});
    struct bytes text;
    uint32_t count;
    cursor_array(&c, &count);
    buf_text(to, "program\t");
    for (int i = 0; i < 2; i++) {
        cursor_str(&c, &text);
        json_bare(to, text);
        buf_byte(to, ' ');
    }
    json_packed_short(to, &c, 8);
    buf_byte(to, '\n');
}

static void show_meta(struct buf *to, const struct meta *m)
{
    buf_format(to, "kind\t%s\n", stream_kind_name[m->kind]);
    for (size_t i = 0; i < m->pipeline.len; i++)
        show_program(to, m->pipeline.at[i]);
    for (size_t i = 0; i < m->entries.len; i++) {
        const struct meta_entry *entry = &m->entries.at[i];
        if (!strcmp(entry->key, DROPS_KEY) && drops_show(m, to))
            continue;
        struct cursor c = cursor_of((struct bytes){entry->value.at, entry->value.len});
        buf_text(to, "meta ");
        json_bare(to, bytes_of(entry->key));
        buf_byte(to, '\t');
        json_packed_short(to, &c, 8);
        buf_byte(to, '\n');
    }
}

static void count_session(struct stream_summary *s, const struct session *session)
{
    s->sessions[session->part]++;
    s->events[session->part] += session->count;
    time_range_add(&s->times, session->times, session->count);
}

static void count_epoch(struct stream_summary *s, struct epoch epoch)
{
    s->epoch = epoch;
    s->passes++;
}

static void count_batches(struct stream_summary *s, const struct batches_record *r)
{
    switch (r->kind) {
    case RECORD_SESSION:
        count_session(s, &r->session);
        break;
    case RECORD_EPOCH:
        count_epoch(s, r->epoch);
        break;
    case RECORD_BATCH:
        s->batches++;
        s->left_out += r->learn ? 0 : r->number.len;
        break;
    case RECORD_PARALLEL:
        s->parallel += r->number.len;
        break;
    default: /* an earlier pass again */
        s->again++;
    }
}

static void count_prediction(struct stream_summary *s, const struct predictions_record *r)
{
    switch (r->kind) {
    case RECORD_EPOCH:
        count_epoch(s, r->epoch);
        break;
    case RECORD_RANK:
        s->ranks[s->epoch.part] += r->ranks.user.len;
        break;
    case RECORD_TOP:
        s->lists[s->epoch.part] += r->tops.user.len;
        break;
    case RECORD_ATTENTION:
        s->attention[s->epoch.part]++;
        break;
    case RECORD_INTENT:
        s->intents[s->epoch.part] += r->intents.user.len;
        break;
    default: /* a pass: its epoch was counted */
        break;
    }
}

static void count(struct stream_summary *s, enum stream_kind kind, const union any_record *r)
{
    /* All three structs begin with the kind. */
    enum record_kind record = r->sessions.kind;
    s->users += record == RECORD_USER;
    s->items += record == RECORD_ITEM;
    if (record == RECORD_USER || record == RECORD_ITEM)
        return;
    if (kind == STREAM_SESSIONS)
        count_session(s, &r->sessions.session);
    else if (kind == STREAM_PREDICTIONS)
        count_prediction(s, &r->predictions);
    else
        count_batches(s, &r->batches);
}

static void show_counts(struct buf *to, const struct stream_summary *s, enum stream_kind kind)
{
    row(to, "users", s->users);
    row(to, "items", s->items);
    if (kind != STREAM_SESSIONS) {
        row(to, "epochs", (uint64_t)s->epoch.number);
        row(to, "passes", s->passes);
    }
    if (kind == STREAM_BATCHES) {
        row(to, "passes that come again", s->again);
        row(to, "batches", s->batches);
        row(to, "sessions not learned from", s->left_out);
        if (s->parallel)
            row(to, "sessions in slots", s->parallel);
    }
    if (kind == STREAM_PREDICTIONS) {
        rows(to, "ranks", s->ranks);
        rows(to, "lists", s->lists);
        rows(to, "attention", s->attention);
        if (s->intents[PART_VALIDATION] || s->intents[PART_TEST])
            rows(to, "intents", s->intents);
        return;
    }
    rows(to, "sessions", s->sessions);
    rows(to, "events", s->events);
    time_range_show(&s->times, to);
}

static struct stream_summary new_summary(void)
{
    return (struct stream_summary){.times.now = (int64_t)time(NULL)};
}

int summary_write(struct any_in *in, struct buf *to, struct err *e)
{
    struct stream_summary s = new_summary();
    union any_record record;
    enum read_result result;
    /* The header of sessions has the counts of all parts once they have been read. */
    bool sessions = in->kind == STREAM_SESSIONS;
    if (!sessions)
        show_meta(to, any_in_meta(in));
    while ((result = any_in_next(in, &record, e)) > READ_END) {
        if (result == READ_RECORD) {
            count(&s, in->kind, &record);
            continue;
        }
        show_counts(to, &s, in->kind);
        time_range_release(&s.times);
        s = new_summary();
        buf_byte(to, '\n');
        show_meta(to, any_in_meta(in));
    }
    if (result == READ_ERROR) {
        time_range_release(&s.times);
        return e->status;
    }
    if (sessions)
        show_meta(to, any_in_meta(in));
    struct frame_counts counts = any_in_counts(in);
    show_counts(to, &s, in->kind);
    time_range_release(&s.times);
    row(to, "parts", counts.parts);
    row(to, "blocks", counts.blocks);
    row(to, "records", counts.records);
    row(to, "bytes", counts.bytes);
    row(to, "records of unknown tags", any_in_skipped(in));
    return 0;
}
