#include "cli/private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/num.h"
#include "base/output_file.h"
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

/* File names and data may hold any bytes: control characters are written as \xNN. */
static void put_harmless(struct line *l, const char *text)
{
    for (size_t left = strlen(text), n; left; text += n, left -= n) {
        uint32_t code = 0;
        n = utf8_length(text, left, &code);
        if (n && code >= ' ' && (code < 0x7f || code >= 0xa0)) {
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

static void say(const char *text)
{
    struct line l = {.len = 0};
    put_harmless(&l, cli_context.program ? cli_context.program->name : "sesspipe");
    put(&l, ": ", 2);
    put_harmless(&l, text);
    l.at[l.len++] = '\n';
    progress_clear();
    while (write(STDERR_FILENO, l.at, l.len) < 0 && errno == EINTR)
        ;
}

void cli_warn(const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    say(text);
}

void cli_note(const char *format, ...)
{
    char text[2048];
    va_list args;
    if (progress_quiet())
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    say(text);
}

static void end(const char *text, int status) __attribute__((noreturn));
static void end(const char *text, int status)
{
    progress_fail();
    say(text);
    output_file_discard_all();
    exit(status ? status : STATUS_FAIL);
}

void cli_fail(const struct err *e)
{
    end(e->text, e->status);
}

void cli_usage(const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    end(text, STATUS_USAGE);
}

void answer(const struct buf *text)
{
    struct output_file out;
    struct err e;
    if (output_file_open(&out, NULL, &e) || output_file_write(&out, text->at, text->len, &e) ||
        output_file_commit(&out, &e))
        cli_fail(&e);
    exit(STATUS_OK);
}

/* _exit: the thread that runs out of memory need not be the one that may run exit handlers. */
static void out_of_memory(size_t n)
{
    char text[100];
    snprintf(text, sizeof text, "out of memory: %zu bytes more could not be had", n);
    say(text);
    output_file_discard_all();
    _exit(STATUS_MEMORY);
}

static void die_of(int signal)
{
    progress_clear();
    output_file_discard_all();
    raise(signal); /* SA_RESETHAND has restored the default */
}

void cli_die(int number)
{
    signal(number, SIG_DFL);
    die_of(number);
    _exit(128 + number); /* the signal was blocked */
}

static void catch_signals(void)
{
    static const int fatal[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    struct sigaction action = {.sa_handler = die_of, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        struct sigaction before;
        /* What the caller ignores (nohup, a background job) stays ignored, SIGPIPE excepted. */
        if (fatal[i] != SIGPIPE && !sigaction(fatal[i], NULL, &before) &&
            before.sa_handler == SIG_IGN)
            continue;
        sigaction(fatal[i], &action, NULL);
    }
    signal(SIGXFSZ, SIG_IGN);
}

/* The system gives a standard descriptor that was closed at the start to the first file opened,
 * which would then receive messages or records.  It is filled with /dev/null, opened so that what a
 * program reads or writes there fails. */
static void fill_descriptors(void)
{
    static const int mode[] = {O_WRONLY, O_RDONLY, O_WRONLY};
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", mode[fd]) != fd)
            _exit(STATUS_IO);
}

void startup(void)
{
    fill_descriptors();
    catch_signals();
    mem_on_failure(out_of_memory);
    const char *fail_at = getenv("SESSPIPE_FAIL_ALLOC");
    int64_t n;
    if (fail_at && num_i64(fail_at, strlen(fail_at), &n) && n > 0 && n < INT32_MAX)
        mem_fail_at((long)n);
}
