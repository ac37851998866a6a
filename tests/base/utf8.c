#include "base/utf8.h"

#include <string.h>

#include "../tap.h"

/* The bytes of a character, straight from the definition. */
static size_t encode(uint32_t c, char *to)
{
    if (c < 0x80)
        return to[0] = (char)c, 1;
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c);
    return n;
}

int main(void)
{
    int wrong = 0;
    for (uint32_t c = 0; c < 0x110000; c++) {
        char text[4];
        uint32_t code = 0;
        size_t n = encode(c, text), expected = c >= 0xd800 && c < 0xe000 ? 0 : n;
        wrong += utf8_length(text, n, &code) != expected || (expected && code != c);
        wrong += utf8_length(text, n - 1, NULL) != 0; /* cut off */
    }
    tap_ok(!wrong, "every character, surrogates and cut ones refused");

    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xf0\x80\x80\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xff",
                                      "\xc3(",
                                      "\xe2\x82(",
                                      "\xc3\xc3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        tap_ok(utf8_length(bad[i], strlen(bad[i]), NULL) == 0, "bad form %zu", i + 1);
    struct buf clean = {0};
    utf8_clean(&clean, bytes_of("a\tb\n\x7f \xc3\xa9\xff\x9b \xc2\x9b \xe2\x80\xae\xd8\x9c x"));
    buf_byte(&clean, 0);
    tap_ok(!strcmp(clean.at, "a b \xef\xbf\xbd \xc3\xa9\xff\xef\xbf\xbd \xef\xbf\xbd "
                             "\xef\xbf\xbd\xef\xbf\xbd x"),
           "what a terminal obeys is replaced, all else stays");
    buf_release(&clean);
    return tap_done();
}
