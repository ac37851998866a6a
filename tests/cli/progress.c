/* Progress on a terminal, and as lines of JSON: what it says, where, and where it says nothing. */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/private.h"
#include "cli/progress.h"

#include "../files.h"
#include "../tap.h"

static const char *output;
static enum progress_kind kind;
static const char *const *inputs; /* of the command line, NULL behind the last */

static struct cli *begin_with(struct program program, const char *option)
{
    static const struct option rows[] = {
        {.kind = OPTION_TEXT, .letter = 'o', .name = "output", .argument = "FILE", .to = &output},
        {0}};
    static const struct option *const tables[] = {rows, NULL};
    static char *argv[8];
    int argc = 0;
    program.tables = tables;
    program.progress = kind;
    argv[argc++] = "prog";
    if (option)
        argv[argc++] = (char *)(size_t)option;
    for (const char *const *input = inputs; input && *input; input++)
        argv[argc++] = (char *)(size_t)*input;
    return cli_parse(&program, argc, argv);
}

static struct cli *begin(const char *option)
{
    return begin_with((struct program){.name = "prog",
                                       .purpose = "Does nothing.",
                                       .usage = "[option ...] [file ...]"},
                      option);
}

/* What a child sees: a terminal of so many columns as stderr, and stdin and stdout of any kind. */
enum place { NOWHERE, TERMINAL, PIPE, CLOSED };
static struct surroundings {
    unsigned short columns;
    enum place in, out;
} around;

static char said[8192];

static void take_place(enum place p, int fd, int terminal)
{
    int ends[2];
    if (p == NOWHERE)
        dup2(open("/dev/null", O_RDWR), fd);
    if (p == TERMINAL)
        dup2(terminal, fd);
    if (p == CLOSED)
        close(fd);
    if (p == PIPE && !pipe(ends))
        dup2(ends[fd == STDOUT_FILENO], fd);
}

/* Runs the body in a child; what it writes to its terminal is in `said`.  Its status. */
static int on_terminal(void (*body)(void))
{
    fflush(stdout);
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) || unlockpt(master))
        return -1;
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    ioctl(slave, TIOCSWINSZ, &(struct winsize){.ws_row = 24, .ws_col = around.columns});
    pid_t child = fork();
    if (!child) {
        take_place(around.in, STDIN_FILENO, slave);
        take_place(around.out, STDOUT_FILENO, slave);
        dup2(slave, STDERR_FILENO);
        body();
        exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    fcntl(master, F_SETFL, O_NONBLOCK);
    size_t len = 0;
    for (ssize_t n;
         len + 1 < sizeof said && (n = read(master, said + len, sizeof said - 1 - len)) > 0;)
        len += (size_t)n;
    said[len] = 0;
    close(slave);
    close(master);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static const double loss = 1.25;
static const struct {
    struct progress p;
    const char *text, *json;
} forms[] = {
    {{.share = 0.5, .total = 2e6, .bytes = 1e6, .seconds = 10},
     "prog: 50% of 2.0 MB, 10 s left, 100 kB/s, 0 records",
     "\"seconds\":10,\"share\":0.5,\"left\":10,\"bytes\":1000000,\"records\":0,\"total\":2000000,"
     "\"per_second\":100000,\"done\":false}"},
    {{.share = 0.5, .seconds = 600}, "prog: 50%, 10 min left\r", "\"left\":600,"},
    {{.share = 0.25, .seconds = 7200}, "prog: 25%, 6.0 h left\r", "\"left\":21600,"},
    {{.bytes = 500, .seconds = 0}, "prog: 500 B, 0 B/s, 0 records", "\"per_second\":0,"},
    {{.bytes = 5e16, .seconds = 1}, "prog: 50000 TB, ", "\"bytes\":5e+16"},
    {{.bytes = 123456789, .seconds = 1}, "prog: 123 MB, ", "\"bytes\":123456789,"},
    {{.epoch = 2,
      .epochs = 5,
      .part = "training",
      .loss = &loss,
      .count = 30,
      .unit = "events",
      .seconds = 2},
     "prog: epoch 2 of 5 training: loss 1.2500, 15 events/s\r",
     "{\"program\":\"prog\",\"epoch\":2,\"epochs\":5,\"part\":\"training\",\"seconds\":2,"
     "\"loss\":1.25,\"events\":30,\"per_second\":15,"},
    {{.epoch = 3, .loss = &loss}, "prog: epoch 3: loss 1.2500\r", "\"epoch\":3,\"seconds\":0,"},
    {{.part = "test", .unit = "events"}, "prog: test: 0 events/s\r", "\"part\":\"test\","},
};
static size_t form;

static void show_text(void)
{
    progress_show(begin(NULL), &forms[form].p);
}

static void show_json(void)
{
    progress_show(begin("--progress=json"), &forms[form].p);
}

static void texts(void)
{
    around = (struct surroundings){80, NOWHERE, NOWHERE};
    kind = PROGRESS_OF_WORK;
    for (form = 0; form < sizeof forms / sizeof *forms; form++) {
        int status = on_terminal(show_text);
        tap_ok(!status && strstr(said, forms[form].text) == said, "form %zu: %s", form, said);
        status = on_terminal(show_json);
        tap_ok(!status && strstr(said, forms[form].json), "in JSON: %s", said);
    }
}

/* ---- the line ---- */

static const char *first_text = "a long line", *second_text = "short";

static void put_two(void)
{
    struct cli *cli = begin(NULL);
    struct buf text = {0};
    buf_text(&text, first_text);
    status_line_put(cli, &text);
    text.len = 0;
    buf_text(&text, second_text);
    status_line_put(cli, &text);
    buf_release(&text);
}

/* Where another process holds the line. */
static void put_held(void)
{
    struct cli *cli = begin(NULL);
    int told[2];
    char byte;
    struct buf text = {0};
    buf_text(&text, "mine");
    if (pipe(told))
        exit(1);
    pid_t other = fork();
    if (!other) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        (void)!write(told[1], fcntl(STDERR_FILENO, F_SETLK, &lock) ? "n" : "y", 1);
        pause();
        _exit(0);
    }
    bool held = read(told[0], &byte, 1) == 1 && byte == 'y';
    status_line_put(cli, &text);
    if (!held)
        (void)!write(STDERR_FILENO, "no locks here", 13);
    buf_release(&text);
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
}

static void put_anywhere(void)
{
    struct cli *cli = begin(NULL);
    struct buf text = {0};
    buf_text(&text, "x");
    cli->held = false;
    int terminal = dup(STDERR_FILENO);
    dup2(open("/dev/null", O_RDWR), STDERR_FILENO);
    status_line_put(cli, &text); /* no terminal any more */
    dup2(terminal, STDERR_FILENO);
    buf_release(&text);
}

static void lines(void)
{
    kind = PROGRESS_OF_WORK;
    around = (struct surroundings){80, NOWHERE, NOWHERE};
    on_terminal(put_two);
    tap_ok(!strncmp(said, "a long line\rshort      \r\r     ", 29),
           "a line is written over, and blanks over its rest: %s", said);
    around.columns = 6;
    on_terminal(put_two);
    tap_ok(!strncmp(said, "a lon\rshort\r", 12), "a narrow terminal cuts it: %s", said);
    around.columns = 1;
    on_terminal(put_two);
    tap_ok(!*said, "one of a column shows nothing");
    around.columns = 0;
    on_terminal(put_two);
    tap_ok(!strncmp(said, "a long line\r", 12), "one that does not say its width has 80 columns");
    around.columns = 1000;
    static char wide[600];
    memset(wide, 'x', sizeof wide - 1);
    first_text = second_text = wide;
    on_terminal(put_two);
    tap_ok(strspn(said, "x") == LINE_WIDEST, "a wide one takes no more than %d", LINE_WIDEST);
    first_text = "a long line", second_text = "short";
    on_terminal(put_held);
    tap_ok(!*said || !strcmp(said, "no locks here"),
           "where another program shows its progress, nothing: %s", said);
    on_terminal(put_anywhere);
    tap_ok(!*said, "nor where the terminal has gone");
}

/* ---- where it is shown ---- */

static void begins(void)
{
    struct cli *cli = begin(NULL);
    (void)!write(STDERR_FILENO, cli->text ? "yes" : "no", cli->text ? 3 : 2);
    _exit(0);
}

static void shows(const char *what, enum progress_kind of, enum place in, enum place out,
                  const char *option, const char *expected)
{
    static const char *given[2];
    given[0] = option;
    inputs = option ? given : NULL;
    kind = of;
    around = (struct surroundings){80, in, out};
    on_terminal(begins);
    tap_ok(!strcmp(said, expected), "%s: %s", what, said);
    inputs = NULL;
}

static void places(void)
{
    shows("no progress", PROGRESS_NONE, NOWHERE, NOWHERE, NULL, "no");
    shows("of work", PROGRESS_OF_WORK, PIPE, TERMINAL, NULL, "yes");
    shows("quiet", PROGRESS_OF_WORK, NOWHERE, NOWHERE, "--quiet", "no");
    shows("none wanted", PROGRESS_OF_WORK, NOWHERE, NOWHERE, "--progress=none", "no");
    shows("of the input, a terminal as output", PROGRESS_OF_INPUT, NOWHERE, TERMINAL, NULL, "no");
    shows("with -o", PROGRESS_OF_INPUT, NOWHERE, TERMINAL, "-oout", "yes");
    shows("in a pipeline", PROGRESS_OF_INPUT, PIPE, PIPE, NULL, "no");
    shows("at its begin", PROGRESS_OF_INPUT, NOWHERE, PIPE, NULL, "yes");
    shows("at its end", PROGRESS_OF_INPUT, PIPE, NOWHERE, NULL, "yes");
    text_to_file("in", "input\n");
    shows("in a pipeline with files", PROGRESS_OF_INPUT, PIPE, PIPE, "in", "yes");
    shows("with one that is not there", PROGRESS_OF_INPUT, PIPE, PIPE, "nowhere", "no");
    shows("standard input by name", PROGRESS_OF_INPUT, PIPE, PIPE, "-", "no");
}

/* ---- terminals in place of files ---- */

static bool writes_a_stream;

static void parses(void)
{
    static struct output_options to;
    static const struct option *tables[2];
    static const struct program program = {.name = "prog",
                                           .purpose = "Does nothing.",
                                           .usage = "[file ...]",
                                           .input_option = "output",
                                           .tables = tables};
    static char *argv[4];
    tables[0] = cli_output_options(&to);
    int argc = 0;
    argv[argc++] = "prog";
    for (const char *const *input = inputs; input && *input; input++)
        argv[argc++] = (char *)(size_t)*input;
    struct cli *cli = cli_parse(&program, argc, argv);
    if (writes_a_stream)
        cli_refuse_terminal(cli, to.path);
}

static void parsed(const char *what, enum place in, enum place out, const char *given,
                   const char *expected)
{
    const char *all[] = {given, NULL};
    inputs = all;
    around = (struct surroundings){80, in, out};
    int status = on_terminal(parses);
    tap_ok(expected ? status == STATUS_USAGE && strstr(said, expected) : !status && !*said,
           "%s: %s", what, said);
    inputs = NULL;
}

static void terminals(void)
{
    parsed("no input", TERMINAL, NOWHERE, NULL, "no input: standard input is a terminal");
    parsed("a file", TERMINAL, NOWHERE, "in", NULL);
    parsed("an option in place of it", TERMINAL, NOWHERE, "-oout", NULL);
    parsed("the output on a terminal", NOWHERE, TERMINAL, "in", "the output is a terminal");
    parsed("and in a file", NOWHERE, TERMINAL, "-oout", NULL);
    writes_a_stream = true;
    parsed("a stream in a file", NOWHERE, NOWHERE, NULL, NULL);
}

/* ---- when ---- */

static int64_t read_bytes;

static void count_input(void)
{
    static const char *const files[] = {"in", NULL};
    inputs = files;
    struct cli *cli = begin("--progress=json");
    struct input_meter *meter = cli_input_meter(cli);
    input_meter_bytes(meter, 1);
    cli->next = 0;
    input_meter_bytes(meter, (size_t)read_bytes - 1);
}

static void count_work(void)
{
    struct cli *cli = begin("--progress=json");
    progress_count(cli, "one", 1, "events"); /* too early */
    cli->next = 0;
    progress_count(cli, "one", 2, "events");
    cli->next = 0;
    progress_count(cli, "two", 3, "events");
    cli->next = 0;
    progress_epoch(cli, 3, 4);
    progress_epoch(cli, 4, 4);
}

static void count_epochs(void)
{
    struct cli *cli = begin(around.in == TERMINAL ? "-oout" : NULL);
    cli->next = 0;
    progress_epoch(cli, 3, 4);
}

static void times(void)
{
    around = (struct surroundings){80, NOWHERE, NOWHERE};
    kind = PROGRESS_OF_INPUT;
    read_bytes = 3;
    on_terminal(count_input);
    tap_ok(strstr(said, "\"share\":0.5") && strstr(said, "\"done\":true}"), "of the input: %s",
           said);
    read_bytes = 7;
    on_terminal(count_input);
    tap_ok(!strstr(said, "share") && strstr(said, "\"bytes\":7,"), "of one that has grown: %s",
           said);
    inputs = NULL;
    kind = PROGRESS_OF_WORK;
    on_terminal(count_work);
    tap_ok(!strstr(said, "\"events\":1,") && strstr(said, "\"part\":\"one\"") &&
               strstr(said, "\"part\":\"two\"") && strstr(said, "\"epoch\":3,\"epochs\":4,") &&
               strstr(said, "\"share\":0.5,") && !strstr(said, "\"epoch\":4,"),
           "of work, where it is due: %s", said);
    on_terminal(count_epochs);
    tap_ok(strstr(said, "prog: epoch 3 of 4: 50%") == said, "of epochs: %s", said);
    around.out = PIPE;
    on_terminal(count_epochs);
    tap_ok(!*said, "into a pipe the reader shows it: %s", said);
    around.in = TERMINAL; /* so that the program has -o */
    inputs = (const char *const[]){"in", NULL};
    on_terminal(count_epochs);
    tap_ok(strstr(said, "prog: epoch 3 of 4: 50%") == said, "but not of -o: %s", said);
    inputs = NULL;
}

int main(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0) {
        tap_ok(1, "progress # SKIP no terminal can be made here");
        return tap_done();
    }
    close(master);
    texts();
    lines();
    places();
    terminals();
    times();
    return tap_done();
}
