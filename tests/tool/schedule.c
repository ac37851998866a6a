/* schedule MEMORY [file ...]: what the reader of a stream of batches makes of its schedule, as
 * lines of JSON: ["epoch",number,part], ["batch",{column: [...], ...}] with the items of earlier
 * sessions,
 * ["steps",{column: [...], ...}].  MEMORY: bytes for events, 0 for no limit. */
#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "data/schedule_in.h"

static void show_i32(const char *key, struct column column)
{
    printf(",\"%s\":[", key);
    for (size_t i = 0; i < column.len; i++)
        printf(i ? ",%d" : "%d", column_i32(column)[i]);
    putchar(']');
}

static void show_i64(const char *key, struct column column)
{
    printf(",\"%s\":[", key);
    for (size_t i = 0; i < column.len; i++)
        printf(i ? ",%lld" : "%lld", (long long)column_i64(column)[i]);
    putchar(']');
}

static void show_batch(const struct schedule_record *r)
{
    const struct batch *b = &r->batch;
    printf("[\"batch\",{\"learn\":%d", b->learn);
    show_i32("number", r->number);
    show_i32("user", b->user);
    show_i32("session", b->session);
    show_i64("start", b->start);
    show_i32("length", b->length);
    show_i32("item", b->item);
    show_i32("history", b->history);
    show_i32("history_delta", b->history_delta);
    show_i32("history_week", b->history_week);
    show_i32("history_session", b->history_session);
    show_i64("history_start", b->history_start);
    show_i32("history_length", b->history_length);
    show_i32("history_item", b->history_item);
    puts("}]");
}

static void show_steps(const struct steps *s)
{
    printf("[\"steps\",{\"slots\":%lld", (long long)s->slots);
    show_i32("item", s->item);
    show_i32("target", s->target);
    show_i32("user", s->user);
    show_i32("session", s->session);
    printf(",\"reset\":[");
    for (size_t i = 0; i < s->reset.len; i++)
        printf(i ? ",%d" : "%d", column_u8(s->reset)[i]);
    puts("]}]");
}

static void show(const struct schedule_record *r)
{
    if (r->kind == RECORD_EPOCH)
        printf("[\"epoch\",%lld,%d]\n", (long long)r->epoch.number, r->epoch.part);
    else if (r->kind == RECORD_BATCH)
        show_batch(r);
    else if (r->kind == RECORD_PARALLEL)
        show_steps(&r->steps);
}

int main(int argc, char **argv)
{
    struct schedule_in s;
    struct schedule_record r;
    struct err e = {0};
    int64_t memory = 0;
    if (argc > 1)
        num_i64(argv[1], strlen(argv[1]), &memory);
    const char *const *paths = (const char *const *)argv + 2;
    int status = schedule_in_open(&s, paths, argc > 2 ? argc - 2 : 0, memory, &e);
    s.batching.history_items = true;
    while (!status && schedule_in_next(&s, &r, &e) == READ_RECORD)
        show(&r);
    if (e.status)
        fprintf(stderr, "schedule: %s\n", e.text);
    schedule_in_close(&s);
    return e.status;
}
