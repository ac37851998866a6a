#include "base/err.h"

#include <string.h>

#include "base/buf.h"
#include "../tap.h"

int main(void)
{
    struct err e;
    tap_ok(err_set(&e, STATUS_DATA, "field %d", 3) == 65 && e.status == 65 &&
               !strcmp(e.text, "field 3"),
           "status and text");
    tap_ok(err_at(&e, "line %d", 7) == 65 && !strcmp(e.text, "line 7: field 3"),
           "a place goes before it");
    tap_ok(err_at(&e, "%s", "in.tsv") == 65 && !strcmp(e.text, "in.tsv: line 7: field 3"),
           "and another one before that");
    err_set(&e, STATUS_IO, "%s", e.text);
    tap_ok(!strcmp(e.text, "in.tsv: line 7: field 3") && e.status == 74,
           "the old text may be part of the new one");

    /* A long text loses its end, a long place all that would not fit; neither leaves the buffer. */
    for (size_t n = sizeof e.text - 8; n < sizeof e.text + 8; n++) {
        struct buf text = {0};
        for (size_t i = 0; i < n; i++)
            buf_byte(&text, 'x');
        buf_byte(&text, 0);
        err_set(&e, STATUS_DATA, "%s", text.at);
        size_t kept = strlen(e.text);
        err_at(&e, "place");
        int text_ok = kept == (n < sizeof e.text ? n : sizeof e.text - 1) &&
                      strlen(e.text) < sizeof e.text && !strncmp(e.text, "place: xxx", 10);
        err_set(&e, STATUS_DATA, "what");
        tap_ok(text_ok && err_at(&e, "%s", text.at) == 65 && strlen(e.text) < sizeof e.text &&
                   e.text[0],
               "texts and places of %zu bytes", n);
        buf_release(&text);
    }
    return tap_done();
}
