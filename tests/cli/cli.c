#include "cli/cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <msgpack.h>

#include "base/output_file.h"
#include "../tap.h"

/* ---- a program with a row of every kind ---- */

static int64_t batch = 100, unset = -1;
static double rate = 0.001;
static const char *rep = "mean", *model, *scheme = "ordered";
static bool quiet;
static struct output_options output;
static char calls[200];

static int note_call(void *to, const char *value, struct err *e)
{
    if (value && !strcmp(value, "bad"))
        return err_set(e, STATUS_USAGE, "'%s' is not a filter", value);
    size_t len = strlen(calls);
    snprintf(calls + len, sizeof calls - len, "%s%s;", (const char *)to, value ? value : "");
    return 0;
}

static const struct option options[] = {
    {OPTION_INT, 'b', "batch", "N", "sessions in a batch", &batch, true, .low = 1, .high = 1000},
    {OPTION_INT, 0, "unset", "N", "not given", &unset, .low = 0, .high = 1e18},
    {OPTION_REAL, 'r', "rate", "R", "rate", &rate, true, .high = 1e300},
    {OPTION_CHOICE, 0, "rep", NULL, "representation", &rep, true, .choices = "mean|last"},
    {OPTION_CHOICE, 0, "scheme", "NAME", "order", &scheme, .choices = "ordered|shuffled"},
    {OPTION_TEXT, 'm', "model", "NAME", "model", &model, .recorded = true},
    {OPTION_FLAG, 'q', "quiet", .help = "no messages, as one's boss: [none]", .to = &quiet,
     .recorded = true},
    {OPTION_CALL, 'f', "first", "T", "a filter", "first=", true, .call = note_call},
    {OPTION_CALL, 'd', "drop", .help = "a filter", .to = "drop", .recorded = true,
     .call = note_call},
    {0},
};

static void built_in(struct buf *to)
{
    buf_text(to, "BLAS: none\n");
}

static struct cli *parse(char **argv)
{
    static const struct option *tables[3] = {options};
    static const struct program program = {
        .name = "prog",
        .purpose = "Does nothing, well.",
        .usage = "[option ...] [file ...]",
        .example = "prog -b 5 in.mp",
        .tables = tables,
        .built_in = built_in,
    };
    tables[1] = cli_output_options(&output);
    int argc = 0;
    while (argv[argc])
        argc++;
    return cli_parse(&program, argc, argv);
}

#define WORDS(...) ((char *[]){"prog", __VA_ARGS__, NULL})

/* ---- runs in a child, since a program ends where its command line is wrong ---- */

static char said[4096]; /* stdout and stderr of the last child */

/* Status of the body, or 128 + signal. */
static int in_child(void (*body)(char **), char **argv)
{
    int ends[2];
    fflush(stdout);
    if (pipe(ends))
        return -1;
    pid_t child = fork();
    if (!child) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        body(argv);
        fflush(stdout);
        exit(0);
    }
    close(ends[1]);
    size_t len = 0;
    for (ssize_t n;
         len + 1 < sizeof said && (n = read(ends[0], said + len, sizeof said - 1 - len)) > 0;)
        len += (size_t)n;
    said[len] = 0;
    close(ends[0]);
    int status;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void show(char **argv)
{
    struct operands o = cli_operands(parse(argv));
    printf("%lld %g %s %s %s %d %s %d [%s]", (long long)batch, rate, rep, scheme,
           model ? model : "-", quiet, output.path ? output.path : "-", output.flush, calls);
    for (int i = 0; i < o.count; i++)
        printf(" <%s>", o.at[i]);
    printf("%s", o.at[o.count] ? " no NULL behind" : "");
}

static void reads(char **argv, const char *expected)
{
    int status = in_child(show, argv);
    tap_ok(status == 0 && !strcmp(said, expected), "%s reads as %s%s%s", argv[1], expected,
           strcmp(said, expected) ? " not as " : "", strcmp(said, expected) ? said : "");
}

static void reading(void)
{
    reads(WORDS("--"), "100 0.001 mean ordered - 0 - 0 []");
    reads(WORDS("--batch", "5"), "5 0.001 mean ordered - 0 - 0 []");
    reads(WORDS("--batch=5"), "5 0.001 mean ordered - 0 - 0 []");
    reads(WORDS("-b5"), "5 0.001 mean ordered - 0 - 0 []");
    reads(WORDS("-b", "5"), "5 0.001 mean ordered - 0 - 0 []");
    reads(WORDS("-qb", "5", "-r.5"), "5 0.5 mean ordered - 1 - 0 []");
    reads(WORDS("-b", "5", "--batch=6"), "6 0.001 mean ordered - 0 - 0 []");
    reads(WORDS("--rep=last", "--scheme", "shuffled"), "100 0.001 last shuffled - 0 - 0 []");
    reads(WORDS("--model=", "a"), "100 0.001 mean ordered  0 - 0 [] <a>");
    reads(WORDS("--model", "--batch"), "100 0.001 mean ordered --batch 0 - 0 []");
    reads(WORDS("--model=a=b"), "100 0.001 mean ordered a=b 0 - 0 []");
    reads(WORDS("-o", "x", "--flush"), "100 0.001 mean ordered - 0 x 1 []");
    reads(WORDS("a", "-q", "b", "-", "--", "-q", "--", "c"),
          "100 0.001 mean ordered - 1 - 0 [] <a> <b> <-> <-q> <--> <c>");
    reads(WORDS("", "-q"), "100 0.001 mean ordered - 1 - 0 [] <>");
    reads(WORDS("--first", "1", "-d", "--first=2", "-f3"),
          "100 0.001 mean ordered - 0 - 0 [first=1;drop;first=2;first=3;]");
}

static void refuses(char **argv, const char *message)
{
    int status = in_child(show, argv);
    tap_ok(status == STATUS_USAGE && !strncmp(said, "prog: ", 6) && strstr(said, message) &&
               strchr(said, '\n') == said + strlen(said) - 1,
           "%s%s%s: %s (said: %.*s)", argv[1], argv[2] ? " " : "", argv[2] ? argv[2] : "", message,
           (int)strcspn(said, "\n"), said);
}

static void refusing(void)
{
    refuses(WORDS("--bacth=1"), "unknown option --bacth: did you mean --batch?");
    refuses(WORDS("--bat"), "did you mean --batch?");
    refuses(WORDS("--outptu", "x"), "did you mean --output?");
    refuses(WORDS("--zebra"), "unknown option --zebra: prog --help lists what there is");
    refuses(WORDS("-qz"), "unknown option -z");
    refuses(WORDS("---"), "unknown option ---");
    refuses(WORDS("--="), "unknown option --:");
    refuses(WORDS("--batch"), "--batch needs a value: a whole number from 1 to 1000");
    refuses(WORDS("-qb"), "--batch needs a value");
    refuses(WORDS("--rep"), "--rep needs a value: mean|last");
    refuses(WORDS("--batch", "0"), "--batch: '0' is not a whole number from 1 to 1000");
    refuses(WORDS("--batch", "1001"), "--batch: '1001' is not a whole number from 1 to 1000");
    refuses(WORDS("--batch="), "--batch: '' is not a whole number from 1 to 1000");
    refuses(WORDS("--unset", "-1"), "--unset: '-1' is not a whole number");
    refuses(WORDS("--rate", "-1"), "--rate: '-1' is not a number of 0 or more");
    refuses(WORDS("--rate", "nan"), "--rate: 'nan' is not a number of 0 or more");
    refuses(WORDS("--rep", "meen"), "--rep: 'meen' is not one of mean, last");
    refuses(WORDS("--rep", "mean|last"), "is not one of mean, last");
    refuses(WORDS("--rep="), "--rep: '' is not one of mean, last");
    refuses(WORDS("--first", "bad"), "--first: 'bad' is not a filter");
    refuses(WORDS("--quiet=1"), "--quiet takes no value");
    refuses(WORDS("--drop=1"), "--drop takes no value");
}

static void answers(void)
{
    tap_ok(in_child(show, WORDS("-b", "7", "--help")) == 0 &&
               !strncmp(said, "usage: prog [option ...] [file ...]\nDoes nothing, well.\n", 55) &&
               strstr(said, "  -b, --batch N ") && strstr(said, "sessions in a batch [100]\n") &&
               strstr(said, "[0.001]\n") && strstr(said, "--rep mean|last") &&
               strstr(said, "order: ordered, shuffled [ordered]\n") &&
               strstr(said, "not given\n") && strstr(said, "--flush") &&
               strstr(said, "example:\n  prog -b 5 in.mp\n"),
           "the help: usage, options, defaults, choices, an example");
    tap_ok(in_child(show, WORDS("-qh")) == 0 && !strncmp(said, "usage: ", 7), "-h among others");
    tap_ok(in_child(show, WORDS("--model", "--help")) == 0 && strncmp(said, "usage: ", 7) != 0,
           "no help where it is a value");
    tap_ok(in_child(show, WORDS("--", "--help")) == 0 && strncmp(said, "usage: ", 7) != 0,
           "no help where it is an operand");
    tap_ok(in_child(show, WORDS("--version")) == 0 &&
               !strcmp(said, "prog (sesspipe) " SESSPIPE_VERSION "\nBLAS: none\n"),
           "the version and what was built in");
}

/* A program with hardly anything to say. */
static void show_bare(char **argv)
{
    static double none = -1;
    static const struct option rows[] = {
        {.kind = OPTION_REAL, .name = "none", .to = &none, .low = 0, .high = 1}, {0}};
    static const struct option *const tables[] = {rows, NULL};
    static const struct program program = {
        .name = "pro-g", .purpose = "Nothing.", .usage = "", .tables = tables};
    cli_parse(&program, 2, argv);
}

static void bare(void)
{
    tap_ok(in_child(show_bare, WORDS("--help")) == 0 && strstr(said, "--none N ") &&
               !strstr(said, "example:"),
           "an option without help or default, and no example: %s", said);
    tap_ok(in_child(show_bare, WORDS("--completion=zsh")) == 0 && strstr(said, "'--none=[]:N: '"),
           "completion of zsh without help: %s", said);
    tap_ok(in_child(show_bare, WORDS("--completion=bash")) == 0 &&
               strstr(said, "_sesspipe_pro_g() {"),
           "a function's name has no hyphen: %s", said);
}

static void completing(void)
{
    tap_ok(
        in_child(show, WORDS("--completion=bash")) == 0 && strstr(said, "_sesspipe_prog() {") &&
            strstr(said, "complete -o default -F _sesspipe_prog prog") &&
            strstr(said, "    -b|--batch) compopt +o default 2>/dev/null; return ;;\n") &&
            strstr(said,
                   "    --rep) COMPREPLY=($(compgen -W 'mean last' -- \"$cur\")); return ;;\n") &&
            strstr(said, "    -o|--output) return ;;\n"),
        "completion of bash: %s", said);
    tap_ok(
        in_child(show, WORDS("--completion=zsh")) == 0 && strstr(said, "#compdef prog\n") == said &&
            strstr(said, "    '(-b --batch)--batch=[sessions in a batch]:N: ' \\\n") &&
            strstr(said, "    '(-b --batch)-b+[sessions in a batch]:N: ' \\\n") &&
            strstr(said, "    '--rep=[representation]:rep:(mean last)' \\\n") &&
            strstr(said,
                   "    '(-q --quiet)-q[no messages, as one\'\\'\'s boss\\: \\[none\\]]' \\\n") &&
            strstr(said, "    '*--drop[a filter]' \\\n") && strstr(said, ":FILE:_files' \\\n"),
        "completion of zsh: %s", said);
    tap_ok(in_child(show, WORDS("--completion=fish")) == STATUS_USAGE, "of no other shell: %s",
           said);
}

/* ---- what goes into the stream's header ---- */

static void pack(char **argv)
{
    struct cli *cli = parse(argv);
    struct buf b = {0};
    cli_options_packed(cli, &b);
    msgpack_unpacked got;
    msgpack_unpacked_init(&got);
    size_t at = 0;
    if (msgpack_unpack_next(&got, b.at, b.len, &at) == MSGPACK_UNPACK_SUCCESS && at == b.len)
        msgpack_object_print(stdout, got.data);
    printf(" %d%d%d", cli_given(cli, "batch"), cli_given(cli, "quiet"), cli_given(cli, "first"));
    msgpack_unpacked_destroy(&got);
    buf_release(&b);
}

static void packing(void)
{
    in_child(pack, WORDS("--"));
    tap_ok(!strcmp(said, "{\"batch\"=>100, \"rate\"=>0.001000, \"rep\"=>\"mean\", \"model\"=>nil, "
                         "\"quiet\"=>false, \"first\"=>[], \"drop\"=>[]} 000"),
           "the defaults: %s", said);
    in_child(pack, WORDS("-f2", "-db", "5", "-f1", "-d", "--model=x", "-q"));
    tap_ok(!strcmp(said, "{\"batch\"=>5, \"rate\"=>0.001000, \"rep\"=>\"mean\", \"model\"=>\"x\", "
                         "\"quiet\"=>true, \"first\"=>[\"2\", \"1\"], \"drop\"=>[true, true]} 111"),
           "what was given: %s", said);
}

/* ---- how programs end ---- */

static void warn_oddly(char **argv)
{
    struct cli *cli = parse(argv);
    cli_warn(cli, "%s", "a\x1b[31m\n\t\x7f \xc3\xa9 \xff \xc2\x9b \xe2\x80\xae \xe2\x82");
}

static void warn_at_length(char **argv)
{
    struct cli *cli = parse(argv);
    static char text[10000];
    memset(text, 1, sizeof text - 1);
    cli_warn(cli, "%s", text);
}

static void open_output(struct cli *cli)
{
    static struct output_file s;
    struct err e;
    if (output_file_open(&s, "out", &e) || access(s.temporary, F_OK))
        cli_fail(cli, &e);
}

static void fail_with_output(char **argv)
{
    struct cli *cli = parse(argv);
    open_output(cli);
    cli_fail(cli, &(struct err){.status = STATUS_DATA, .text = "broken"});
}

static void fail_without_status(char **argv)
{
    struct cli *cli = parse(argv);
    cli_fail(cli, &(struct err){.text = "broken"});
}

static void run_out_of_memory(char **argv)
{
    open_output(parse(argv));
    mem_alloc((size_t)-1 / 2);
}

static const char *fail_at;
static void allocate(char **argv)
{
    setenv("SESSPIPE_FAIL_ALLOC", fail_at, 1);
    parse(argv);
    for (int i = 0; i < 20; i++)
        mem_free(mem_alloc(1));
}

static int signal_to_send;
static void be_stopped(char **argv)
{
    open_output(parse(argv));
    raise(signal_to_send);
}

static void ignore_hangup(char **argv)
{
    signal(SIGHUP, SIG_IGN);
    parse(argv);
    raise(SIGHUP);
    printf("still here");
}

static bool nothing_left(void)
{
    return system("[ -z \"$(ls)\" ]") == 0;
}

static void ending(void)
{
    in_child(warn_oddly, WORDS("-q"));
    tap_ok(!strcmp(said, "prog: a\\x1b[31m\\x0a\\x09\\x7f \xc3\xa9 \\xff \\xc2\\x9b "
                         "\\xe2\\x80\\xae \\xe2\\x82\n"),
           "control characters are shown, not obeyed");
    in_child(warn_at_length, WORDS("-q"));
    tap_ok(strlen(said) > 1000 && said[strlen(said) - 1] == '\n', "a long message keeps its end");
    tap_ok(in_child(fail_with_output, WORDS("-q")) == STATUS_DATA &&
               !strcmp(said, "prog: broken\n") && nothing_left(),
           "failure: message, status, no temporary");
    tap_ok(in_child(fail_without_status, WORDS("-q")) == STATUS_FAIL, "no status counts as 1");
    tap_ok(in_child(run_out_of_memory, WORDS("-q")) == STATUS_MEMORY &&
               strstr(said, "prog: out of memory") && nothing_left(),
           "no memory: message, 71, no temporary");
    static const char *const never[] = {"", "x", "0", "-1", "99999999999"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        fail_at = never[i];
        tap_ok(in_child(allocate, WORDS("-q")) == 0, "no allocation of the number '%s' fails",
               never[i]);
    }
    fail_at = "20";
    tap_ok(in_child(allocate, WORDS("-q")) == STATUS_MEMORY,
           "SESSPIPE_FAIL_ALLOC makes an allocation fail");
    static const int fatal[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        signal_to_send = fatal[i];
        signal(signal_to_send, SIG_DFL);
        tap_ok(in_child(be_stopped, WORDS("-q")) == 128 + signal_to_send && !*said &&
                   nothing_left(),
               "signal %d: dies of it, silently, no temporary", signal_to_send);
    }
    tap_ok(in_child(ignore_hangup, WORDS("-q")) == 0 && !strcmp(said, "still here"),
           "a hangup that the caller ignores stays ignored");
}

int main(void)
{
    /* Programs take no terminal for input. */
    if (!freopen("/dev/null", "r", stdin))
        return 1;
    reading();
    refusing();
    answers();
    packing();
    completing();
    bare();
    ending();
    return tap_done();
}
