#include "cli/private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/output_file.h"
#include "base/part_file.h"
#include "base/utf8.h"
#include "cli/progress.h"

/* A message is made on the stack, since it may say that memory ran out. */
struct line {
    char at[4096];
    size_t len;
};

static void put(struct line *l, const char *bytes, size_t n)
{
    if (n < sizeof l->at - l->len) { /* room for the newline stays */
        memcpy(l->at + l->len, bytes, n);
        l->len += n;
    }
}

/* File names and data may hold any bytes: what a terminal obeys is written as \xNN. */
static void put_harmless(struct line *l, const char *text)
{
    for (size_t left = strlen(text), n; left; text += n, left -= n) {
        uint32_t code = 0;
        n = utf8_length(text, left, &code);
        if (n && !utf8_harmful(code)) {
            put(l, text, n);
            continue;
        }
        n = n ? n : 1;
        for (size_t i = 0; i < n; i++) {
            char hex[8];
            put(l, hex, (size_t)snprintf(hex, sizeof hex, "\\x%02x", (unsigned char)text[i]));
        }
    }
}

void message_say(struct cli *cli, const char *text)
{
    struct line l = {.len = 0};
    put_harmless(&l, cli->program->name);
    put(&l, ": ", 2);
    put_harmless(&l, text);
    l.at[l.len++] = '\n';
    progress_clear(cli);
    while (write(STDERR_FILENO, l.at, l.len) < 0 && errno == EINTR)
        ;
}

void cli_warn(struct cli *cli, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    message_say(cli, text);
}

void cli_note(struct cli *cli, const char *format, ...)
{
    char text[2048];
    va_list args;
    if (cli->quiet)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    message_say(cli, text);
}

static void end(struct cli *cli, const char *text, int status) __attribute__((noreturn));
static void end(struct cli *cli, const char *text, int status)
{
    cli->failed = true;
    message_say(cli, text);
    part_file_remove_all();
    exit(status ? status : STATUS_FAIL);
}

void cli_fail(struct cli *cli, const struct err *e)
{
    end(cli, e->text, e->status);
}

void cli_usage(struct cli *cli, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    end(cli, text, STATUS_USAGE);
}

void answer(struct cli *cli, const struct buf *text)
{
    struct output_file out;
    struct err e;
    output_file_open(&out, NULL, &e); /* standard output is open */
    if (output_file_write(&out, text->at, text->len, &e) || output_file_commit(&out, &e))
        cli_fail(cli, &e);
    exit(STATUS_OK);
}
