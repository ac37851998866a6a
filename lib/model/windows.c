#include "model/windows.h"

#include "model/batch_events.h"

/* What predictions of a session may see: events of earlier sessions, then its own inputs. */
struct events {
    int earlier, inputs;
    int32_t *number, *bucket; /* [earlier + inputs] model/batch_events.h; age buckets */
};

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int inputs_of(const struct batch *b, size_t i)
{
    int events = column_i32(b->length)[i];
    return events > 0 ? events - 1 : 0;
}

/* shared: how many of a session's first inputs are one sequence */
static struct windows windows_room(struct tape *t, const struct batch *b, int most, int earlier,
                                   int shared)
{
    size_t count = b->length.len, total = count * (size_t)earlier, targets = b->item.len;
    for (size_t i = 0; i < b->length.len; i++) {
        int inputs = inputs_of(b, i), first = least(inputs, shared);
        count += (size_t)(inputs - first);
        total += (size_t)first + (size_t)(inputs - first) * (size_t)most;
    }
    return (struct windows){.length = tape_host_ints(t, count),
                            .event = tape_host_ints(t, total),
                            .place = tape_host_ints(t, total),
                            .bucket = tape_host_ints(t, total),
                            .row = tape_host_ints(t, targets),
                            .predicted = tape_host_ints(t, targets),
                            .owner = tape_host_ints(t, targets),
                            .ordinal = tape_host_ints(t, targets)};
}

/* Appends events from .. to-1 as a sequence; the last one's position is `place`. */
static void add_sequence(struct windows *w, const struct events *e, int from, int to, int place)
{
    w->length[w->count++] = to - from;
    for (int i = from; i < to; i++) {
        w->event[w->total] = e->number[i];
        w->bucket[w->total] = e->bucket[i];
        w->place[w->total++] = place - (to - 1 - i);
    }
}

static void add_session(struct windows *w, const struct events *e, int most, int earlier,
                        int shared)
{
    int first = least(e->inputs, shared), row = w->total + e->earlier;
    add_sequence(w, e, 0, e->earlier + first, earlier + first - 1);
    for (int j = 0; j < first; j++)
        w->row[w->targets + j] = row + j;
    for (int j = first; j < e->inputs; j++) {
        int to = e->earlier + j + 1;
        add_sequence(w, e, to - least(to, most), to, most - 1);
        w->row[w->targets + j] = w->total - 1;
    }
}

/* Where a session's earlier sessions begin in the batch's arrays. */
struct past {
    size_t row, item;
};

/* Reads the newest events of the earlier sessions of session i, and goes on to those of the next.
 */
static void read_past(struct events *e, const struct batch *b, size_t i, int most, struct past *p)
{
    int all = 0, n = 0;
    size_t end = p->row + (size_t)column_i32(b->history)[i];
    for (size_t row = p->row; row < end; row++)
        all += column_i32(b->history_length)[row];
    e->earlier = least(all, most);
    for (; p->row < end; p->row++)
        for (int j = 0; j < column_i32(b->history_length)[p->row]; j++, n++, p->item++)
            if (n >= all - e->earlier) {
                e->number[n - (all - e->earlier)] = batch_first_earlier(b) + (int32_t)p->item;
                e->bucket[n - (all - e->earlier)] = column_i32(b->history_delta)[p->row];
            }
}

/* Leaves inputs of a session out.  newest [inputs]: which of the rest is the newest at each. */
static void leave_out(struct events *e, const unsigned char *out, int32_t *newest)
{
    int32_t *number = e->number + e->earlier, kept = 0;
    for (int j = 0; j < e->inputs; j++) {
        if (!j || !out[j])
            number[kept++] = number[j];
        newest[j] = kept - 1;
    }
    e->inputs = kept;
}

/* From the rows of the inputs that are left, to be read before they are overwritten, those of all
 * targets. */
static void repeat_rows(int32_t *row, const int32_t *newest, int targets)
{
    for (int j = targets - 1; j >= 0; j--)
        row[j] = row[newest[j]];
}

static struct windows make(struct tape *t, const struct batch *b, int most, int earlier, int shared,
                           double dropout)
{
    struct windows w = windows_room(t, b, most, earlier, shared);
    struct past past = {0};
    int32_t event = 0;
    const unsigned char *out = tape_left_out(t, b->item.len, (float)dropout);
    int32_t *newest = out ? tape_host_ints(t, b->item.len) : NULL;
    for (size_t i = 0; i < b->length.len; event += column_i32(b->length)[i++]) {
        int inputs = inputs_of(b, i);
        size_t room = (size_t)earlier + (size_t)inputs;
        struct events e = {0, inputs, tape_host_ints(t, room), tape_host_ints(t, room)};
        if (earlier)
            read_past(&e, b, i, earlier, &past);
        if (inputs == 0) /* nothing to predict */
            e.earlier = 0;
        for (int j = 0; j < inputs; j++) {
            e.number[e.earlier + j] = event + j;
            e.bucket[e.earlier + j] = -1;
        }
        if (out)
            leave_out(&e, out + event, newest);
        add_session(&w, &e, most, earlier, shared);
        if (out)
            repeat_rows(w.row + w.targets, newest, inputs);
        for (int j = 0; j < inputs; j++, w.targets++) {
            w.predicted[w.targets] = event + j + 1;
            w.owner[w.targets] = (int32_t)i;
            w.ordinal[w.targets] = j;
        }
    }
    w.input = batch_items(t, b, w.event, w.total);
    w.target = batch_items(t, b, w.predicted, w.targets);
    tape_share(t, w.place, w.total, NULL, w.place);
    tape_share(t, w.row, w.targets, NULL, w.row);
    tape_share(t, w.owner, w.targets, NULL, w.owner);
    return w;
}

struct windows windows_make(struct tape *t, const struct batch *b, int most, int earlier,
                            double dropout)
{
    return make(t, b, most, earlier, most - earlier, dropout);
}

struct windows windows_of_prefixes(struct tape *t, const struct batch *b, int most)
{
    return make(t, b, most, 0, 1, 0);
}

/* Whether each row predicts the target of its number. */
static bool is_each_row(const struct windows *w)
{
    int i = 0;
    while (i < w->targets && w->row[i] == i)
        i++;
    return i == w->total && i == w->targets;
}

struct tensor *windows_targets(struct tape *t, const struct windows *w, struct tensor *x)
{
    return is_each_row(w) ? x : tape_gather(t, x, tape_rows(t, w->row, w->targets));
}

void windows_forward(const struct windows *w, struct forward *f)
{
    *f = (struct forward){.targets = w->targets, .target = w->target, .owner = w->owner};
}

void windows_weights(struct tape *t, const struct windows *w, const struct attention_weights *a,
                     struct forward *f)
{
    int32_t *at = tape_host_ints(t, (size_t)w->targets);
    int32_t *count = tape_host_ints(t, (size_t)w->targets);
    for (int i = 0; i < w->targets; i++) {
        int32_t end = a->at[w->row[i] + 1];
        count[i] = least(end - a->at[w->row[i]], w->ordinal[i] + 1);
        at[i] = end - count[i];
    }
    f->weight[LEVEL_ITEM] = a->weight;
    f->weights[LEVEL_ITEM] = a->total;
    f->item_at = at;
    f->item_count = count;
}
