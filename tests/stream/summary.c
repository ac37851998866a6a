/* What is said of a stream: all that it holds, and what its header has, whatever that is. */
#include "stream/drops.h"
#include "stream/summary.h"

#include "../streams.h"
#include "../tap.h"

#define INTENTS                                                                                    \
    "[\"user\",0,\"a\"] [\"item\",0,\"x\"] [\"epoch\",1,%d] "                                      \
    "[\"intent\",{\"user\":i[0],\"session\":i[0],\"position\":i[0],\"label\":u[1],"                \
    "\"score\":f[.5]}] [\"pass\",1,%d,{\"loss\":0.5,\"events\":1,\"left_out\":0}]"

static void summary_of(const struct buf *s, struct buf *text)
{
    const char *path = stream_file(s->at, s->len);
    struct any_in in;
    struct err e = {0};
    must(any_in_open(&in, &path, 1, &e), &e);
    must(summary_write(&in, text, &e), &e);
    buf_byte(text, 0);
    any_in_close(&in);
}

static void intents(void)
{
    static const enum part parts[] = {PART_VALIDATION, PART_TEST};
    for (int i = 0; i < 2; i++) {
        struct buf records = {0}, s = {0}, text = {0};
        buf_format(&records, INTENTS, (int)parts[i], (int)parts[i]);
        buf_byte(&records, 0);
        stream_of(STREAM_PREDICTIONS, false, notated_records, records.at, &s);
        summary_of(&s, &text);
        tap_ok(strstr(text.at, "intents") != NULL, "%s", text.at);
        buf_release(&records);
        buf_release(&s);
        buf_release(&text);
    }
}

/* An account of what was dropped is shown in words, and one that is none as any other value. */
static void accounts(void)
{
    struct buf s = {0}, text = {0}, packed = {0};
    struct meta m;
    notation_value("[[\"p\",{\"events\":[3,9],\"users\":[1,4]}]]", &packed);
    stream_meta(&m, STREAM_SESSIONS);
    meta_set(&m, DROPS_KEY, (struct bytes){packed.at, packed.len});
    stream_with(&m, false, notated_records, "", &s);
    summary_of(&s, &text);
    tap_ok(strstr(text.at, "dropped by p\tdropped 3 of 9 events") != NULL, "%s", text.at);
    meta_release(&m);
    buf_clear(&s);
    buf_clear(&text);
    stream_meta(&m, STREAM_SESSIONS);
    meta_set_int(&m, DROPS_KEY, 7);
    stream_with(&m, false, notated_records, "", &s);
    summary_of(&s, &text);
    tap_ok(strstr(text.at, "meta " DROPS_KEY "\t7\n") != NULL, "%s", text.at);
    meta_release(&m);
    buf_release(&s);
    buf_release(&text);
    buf_release(&packed);
}

int main(void)
{
    intents();
    accounts();
    return tap_done();
}
