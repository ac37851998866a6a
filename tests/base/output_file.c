#define _DEFAULT_SOURCE /* setgroups */
#include "base/output_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/part_file.h"
#include "base/utf8.h"

#include "../tap.h"

static int files_here(void)
{
    DIR *dir = opendir(".");
    int count = 0;
    for (struct dirent *d; (d = readdir(dir));)
        count += d->d_name[0] != '.';
    closedir(dir);
    return count;
}

/* Whether the file holds exactly the text; NULL: whether it is not there. */
static int holds(const char *path, const char *text)
{
    char got[64] = "";
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return !text;
    ssize_t n = read(fd, got, sizeof got - 1);
    close(fd);
    return text && n == (ssize_t)strlen(text) && !strcmp(got, text);
}

static int write_file(const char *path, const char *text)
{
    struct output_file s;
    struct err e;
    if (output_file_open(&s, path, &e) || output_file_write(&s, text, strlen(text), &e))
        return e.status;
    return output_file_commit(&s, &e);
}

/* Runs in a child: its status, or 128 + signal. */
static int in_child(int (*body)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (!child)
        _exit(body());
    int status;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void whole_or_not_there(void)
{
    struct output_file s;
    struct err e;
    tap_ok(!output_file_open(&s, "a", &e) && !output_file_write(&s, "on", 2, &e) &&
               holds("a", NULL),
           "a name is not taken before the commit");
    tap_ok(!output_file_write(&s, "e\n", 2, &e) && !output_file_commit(&s, &e) &&
               holds("a", "one\n") && files_here() == 1,
           "the commit takes it");
    tap_ok(!output_file_open(&s, "a", &e) && !output_file_write(&s, "two", 3, &e) &&
               holds("a", "one\n"),
           "the file from before stands until then");
    output_file_discard(&s);
    tap_ok(holds("a", "one\n") && files_here() == 1, "and stays when the new one is discarded");
    tap_ok(!write_file("a", "two") && holds("a", "two"), "a second commit replaces the first");
    tap_ok(!output_file_open(&s, "b", &e) && !output_file_write(&s, "x", 1, &e), "two outputs");
    struct output_file t;
    tap_ok(!output_file_open(&t, "b", &e) && !output_file_write(&t, "y", 1, &e) &&
               files_here() == 3,
           "of one name do not meet");
    part_file_remove_all();
    tap_ok(files_here() == 1, "all temporaries can be removed at once");
    output_file_discard(&s);
    output_file_discard(&t);
}

/* What one run leaves another goes on with. */
static void gone_on_with(void)
{
    struct output_file s, next;
    struct err e;
    uint64_t length = 0;
    char name[80];
    tap_ok(!output_file_open(&s, "c", &e) && !output_file_write(&s, "kept", 4, &e) &&
               !output_file_keep(&s, &length, &e) && length == 4,
           "what is kept is measured");
    snprintf(name, sizeof name, "%s", s.temporary);
    tap_ok(!output_file_write(&s, " and lost", 9, &e), "more is written");
    part_file_remove_all();
    output_file_discard(&s);
    tap_ok(holds(name, "kept and lost"), "it outlives a failure");
    tap_ok(!output_file_continue(&next, "c", name, length, &e) &&
               !output_file_write(&next, " on", 3, &e) && !output_file_commit(&next, &e) &&
               holds("c", "kept on") && holds(name, NULL),
           "another goes on behind what was kept, and gives it its name");
    tap_ok(output_file_continue(&next, "c", name, 4, &e) == STATUS_NOINPUT,
           "one that is not there");
    tap_ok(!write_file("d", "two") && output_file_continue(&next, "c", "d", 4, &e) == STATUS_DATA &&
               holds("d", "two"),
           "one that is too short, which stays");
    tap_ok(!output_file_open(&s, "c", &e) && !output_file_write(&s, "kept", 4, &e) &&
               !output_file_keep(&s, NULL, &e) && !output_file_name_kept(&s, &e) &&
               !strcmp(s.temporary, "c.sesspipe-0.kept"),
           "what is kept can have a name that says so");
    output_file_discard(&s);
    tap_ok(!output_file_open(&next, "c", &e) && holds("c.sesspipe-0.kept", "kept") &&
               !strcmp(next.temporary, "c.sesspipe-1.part"),
           "and a new output of that name leaves it");
    output_file_discard(&next);
    tap_ok(!output_file_continue(&next, "c", "c.sesspipe-0.kept", 4, &e) &&
               !output_file_commit(&next, &e) && holds("c", "kept"),
           "until another goes on with it");
    unlink("c");
    unlink("d");
}

/* A child opens an output and is killed. */
static int killed(void)
{
    struct output_file s;
    struct err e;
    if (output_file_open(&s, "a", &e) || output_file_write(&s, "x", 1, &e))
        return 1;
    return raise(SIGKILL);
}

static void left_by_the_killed(void)
{
    struct output_file s;
    struct err e;
    tap_ok(in_child(killed) == 128 + SIGKILL && holds("a.sesspipe-0.part", "x"),
           "a process that is killed leaves a part");
    tap_ok(!output_file_open(&s, "a", &e) && holds("a.sesspipe-0.part", ""),
           "which the next one replaces");
    tap_ok(in_child(killed) == 128 + SIGKILL && holds("a.sesspipe-0.part", "") &&
               holds("a.sesspipe-1.part", "x"),
           "but not that of a process that lives");
    output_file_discard(&s);
    mkfifo("a.sesspipe-2.part", 0666);
    tap_ok(!output_file_check("a", &e) && !access("a.sesspipe-2.part", F_OK),
           "a FIFO of that name stays");
    unlink("a.sesspipe-2.part");
    symlink("a", "a.sesspipe-0.part");
    tap_ok(!write_file("a", "two") && holds("a.sesspipe-1.part", NULL) && holds("a", "two"),
           "one with a gap before it goes too");
    unlink("a.sesspipe-0.part");
    tap_ok(files_here() == 1, "and a link in the part's place is not followed");
}

/* Where all names of parts are taken by what is kept. */
static void all_kept(void)
{
    char name[40];
    struct err e;
    for (int i = 0; i < 32; i++) {
        snprintf(name, sizeof name, "k.sesspipe-%d.kept", i);
        write_file(name, "x");
    }
    tap_ok(output_file_check("k", &e) == STATUS_CANTCREATE && files_here() == 33,
           "no name is left for a part: %s", e.text);
    for (int i = 0; i < 32; i++) {
        snprintf(name, sizeof name, "k.sesspipe-%d.kept", i);
        unlink(name);
    }
}

/* Opens an output of this name and writes "x" to it; whether that has the file of that name. */
static int leads_to(const char *name, const char *file)
{
    return !write_file(name, "x") && holds(file, "x");
}

static void where_names_lead(void)
{
    struct stat link, file;
    char long_name[256], cut[256];
    mkdir("folder", 0777);
    symlink("folder/to", "link");
    symlink("link", "chain");
    tap_ok(leads_to("link", "folder/to") && !lstat("link", &link) && S_ISLNK(link.st_mode),
           "a link to a file that is not there");
    write_file("folder/to", "y");
    tap_ok(leads_to("chain", "folder/to"), "a link to a link to a file");
    chmod("folder/to", 0604);
    tap_ok(leads_to("chain", "folder/to") && !stat("folder/to", &file) &&
               (file.st_mode & 07777) == 0604,
           "a replaced file keeps its mode");
    int fd = open("whole", O_RDWR | O_CREAT, 0666);
    snprintf(cut, sizeof cut, "/dev/fd/%d", fd);
    tap_ok(write(fd, "a", 1) == 1 && !write_file(cut, "x") && write(fd, "b", 1) == 1 &&
               holds("whole", "axb"),
           "a descriptor is written where it stands, and stays open");
    close(fd);
    tap_ok(!write_file("/dev/null", "x") && !stat("/dev/null", &file) && S_ISCHR(file.st_mode),
           "a device stays one");
    bool leads = true;
    for (int at = 230; at < 253; at++) { /* the name of the part is cut somewhere there */
        memset(long_name, 'n', 255);
        memcpy(long_name + at, "\xc3\xa4", 2);
        long_name[255] = 0;
        struct output_file part;
        struct err e = {0};
        size_t n = 1, left;
        uint32_t code;
        leads = leads && !output_file_open(&part, long_name, &e);
        for (left = leads ? strlen(part.temporary) : 0; left && n; left -= n)
            n = utf8_length(part.temporary + strlen(part.temporary) - left, left, &code);
        output_file_discard(&part);
        leads = leads && !left && leads_to(long_name, long_name);
        unlink(long_name);
    }
    tap_ok(leads, "names as long as names can be, wherever a character of two bytes is");
    unlink("folder/to");
    unlink("whole");
    unlink("link");
    unlink("chain");
    rmdir("folder");
    tap_ok(files_here() == 1, "nothing else is there");
}

/* As a user who may write to a file of another one, and not give it away. */
static int as_another(void)
{
    struct stat file;
    if (chdir("shared") || setgroups(0, NULL) || setegid(65534) || seteuid(65534) ||
        write_file("file", "new") || stat("file", &file))
        return 1;
    return !holds("file", "new") || file.st_uid != 65534 || (file.st_mode & 0777) != 0604;
}

/* A file of another owner: the new one is theirs, or others than its group have their rights. */
static void owners(void)
{
    struct stat file;
    if (geteuid() || mkdir("shared", 0777) || chmod("shared", 0777))
        return;
    write_file("shared/file", "old");
    tap_ok(!chown("shared/file", 65534, 65534) && !write_file("shared/file", "new") &&
               !stat("shared/file", &file) && file.st_uid == 65534 && file.st_gid == 65534,
           "a file that is replaced keeps its owner");
    tap_ok(!chown("shared/file", 0, 0) && !chmod("shared/file", 0664) && !in_child(as_another),
           "and where it cannot, its group has no rights");
    unlink("shared/file");
    rmdir("shared");
}

/* Names of parts, and of what is kept. */
static void part_names(void)
{
    static const char *const names[][2] = {{"out.sesspipe-0.part", "out.sesspipe-0.kept"},
                                           {"out.kept", "out.kept"},
                                           {".part", ".part"},
                                           {"x", "x"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *kept = part_file_kept(names[i][0]);
        tap_ok(!strcmp(kept, names[i][1]), "%s is kept as %s", names[i][0], kept);
        mem_free(kept);
    }
}

/* What a reader of a FIFO gets. */
static int reads_fifo(void)
{
    char got[8];
    int fd = open("fifo", O_RDONLY);
    ssize_t n = read(fd, got, sizeof got);
    return n != 1 || *got != 'x' || read(fd, got, 1) != 0;
}

static void to_a_fifo(void)
{
    struct err e;
    mkfifo("fifo", 0666);
    tap_ok(!output_file_check("fifo", &e), "a FIFO can be checked without a reader");
    fflush(stdout);
    pid_t reader = fork();
    if (!reader)
        _exit(reads_fifo());
    int written = write_file("fifo", "x"), status;
    waitpid(reader, &status, 0);
    tap_ok(!written && !status && files_here() == 2, "and is written to as it is");
    unlink("fifo");
}

static void refused(void)
{
    struct output_file s;
    struct err e;
    mkdir("folder", 0777);
    mkfifo("fifo", 0666);
    symlink("circle", "circle");
    symlink("folder", "to-folder");
    static const char *const bad[] = {"folder", "to-folder", "circle",       "missing/a",
                                      "",       "a/b",       "/dev/fd/1234", "new/"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        tap_ok(output_file_open(&s, bad[i], &e) == STATUS_CANTCREATE &&
                   e.status == STATUS_CANTCREATE,
               "'%s' is refused: %s", bad[i], e.text);
    char name[40];
    int fd = open("folder", O_RDONLY);
    snprintf(name, sizeof name, "/dev/fd/%d", fd);
    tap_ok(output_file_open(&s, name, &e) == STATUS_CANTCREATE &&
               strstr(e.text, "it is open for reading"),
           "a descriptor that is open for reading: %s", e.text);
    close(fd);
    static const char *const not_whole[] = {"fifo", "/dev/null", "/dev/stdout"};
    for (size_t i = 0; i < sizeof not_whole / sizeof *not_whole; i++)
        tap_ok(output_file_open_whole(&s, not_whole[i], &e) == STATUS_CANTCREATE,
               "a file that is written here and there is not %s: %s", not_whole[i], e.text);
    rmdir("folder");
    unlink("fifo");
    unlink("circle");
    unlink("to-folder");
    tap_ok(files_here() == 1, "and leaves nothing");

    struct output_file many[17];
    int opened = 0;
    while (opened < 17 && !output_file_open(&many[opened], "m", &e))
        opened++;
    tap_ok(opened == 16 && e.status == STATUS_CANTCREATE, "16 outputs at a time: %s", e.text);
    for (int i = 0; i < opened; i++)
        output_file_discard(&many[i]);
    tap_ok(files_here() == 1 && !write_file("m", "m"), "after which there is room again");
    unlink("m");
}

static int above_the_limit(void)
{
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){1000, 1000});
    static char block[4096];
    struct output_file s;
    struct err e;
    if (output_file_open(&s, "a", &e))
        return 1;
    int status = output_file_write(&s, block, sizeof block, &e);
    output_file_discard(&s);
    return status;
}

static int to_full_device(void)
{
    struct output_file s;
    struct err e;
    dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
    return output_file_open(&s, NULL, &e) || output_file_write(&s, "x", 1, &e) ||
                   output_file_commit(&s, &e)
               ? e.status
               : 0;
}

static int to_closed_stdout(void)
{
    struct output_file s;
    struct err e;
    close(STDOUT_FILENO);
    return output_file_open(&s, "-", &e) || output_file_commit(&s, &e) ? e.status : 0;
}

static int to_nobody(void)
{
    int ends[2];
    struct output_file s, file;
    struct err e;
    if (pipe(ends) || output_file_open(&file, "c", &e))
        return 1;
    close(ends[0]);
    dup2(ends[1], STDOUT_FILENO);
    signal(SIGPIPE, SIG_IGN);
    return output_file_open(&s, NULL, &e) || output_file_write(&s, "x", 1, &e) ? e.status : 0;
}

static int through_nonblocking_pipe(void)
{
    enum { TOTAL = 1 << 20 };
    int ends[2];
    if (pipe(ends))
        return 1;
    pid_t reader = fork();
    if (!reader) {
        char got[999];
        size_t sum = 0;
        close(ends[1]);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        for (ssize_t n; (n = read(ends[0], got, sizeof got)) > 0;)
            sum += (size_t)n;
        _exit(sum != TOTAL);
    }
    close(ends[0]);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    static char much[TOTAL];
    struct output_file s;
    struct err e;
    if (output_file_open(&s, NULL, &e) || output_file_write(&s, much, sizeof much, &e) ||
        output_file_commit(&s, &e))
        return 2;
    int status;
    waitpid(reader, &status, 0);
    return status;
}

int main(void)
{
    char folder[] = "sink-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder))
        return 1;
    whole_or_not_there();
    gone_on_with();
    left_by_the_killed();
    all_kept();
    where_names_lead();
    owners();
    part_names();
    to_a_fifo();
    refused();
    tap_ok(in_child(above_the_limit) == STATUS_IO && holds("a", "two") && files_here() == 1,
           "a file-size limit: 74, the file from before stays");
    tap_ok(in_child(to_full_device) == STATUS_IO, "a full disk: 74");
    tap_ok(in_child(to_closed_stdout) == STATUS_IO, "a closed stdout shows at the close: 74");
    tap_ok(in_child(to_nobody) == 128 + SIGPIPE && files_here() == 1,
           "a reader that went away: SIGPIPE, also where that was ignored, and no temporary left");
    tap_ok(in_child(through_nonblocking_pipe) == 0, "a pipe that somebody made non-blocking");
    unlink("a");
    if (!chdir(".."))
        rmdir(folder);
    return tap_done();
}
