#include "base/output_path.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#include "../tap.h"

static void make(const char *path)
{
    close(open(path, O_WRONLY | O_CREAT, 0600));
}

/* The file that the name leads to is `expected`; NULL: it leads to none. */
static void leads(const char *name, const char *expected)
{
    char *file = output_path_file(name);
    tap_ok(expected ? file && !strcmp(file, expected) : !file, "%s leads to %s",
           name ? name : "no name", file ? file : "no file");
    mem_free(file);
}

static void files(void)
{
    mkdir("folder", 0700);
    tap_ok(!symlink("folder/new", "link") && !symlink("link", "second") && !symlink("turn", "turn"),
           "links");
    leads("new", "new");
    leads("second", "./folder/new");
    leads("turn", NULL);
    leads("folder", NULL);
    leads("/dev/null", NULL);
    leads("/dev/fd/1", NULL);
    leads("/dev/fd/-1", "/dev/fd/-1"); /* names of no descriptor, as that of any file */
    leads("/dev/fd/99999999999", "/dev/fd/99999999999");
    leads("missing/7", "missing/7");
    leads("folder/7", "folder/7");
    char whole[4096], here[4000];
    snprintf(whole, sizeof whole, "%s/folder/7", getcwd(here, sizeof here) ? here : "");
    tap_ok(!symlink(whole, "absolute"), "a link from the root");
    leads("absolute", whole);
    leads("-", NULL);
    leads("", NULL);
    leads(NULL, NULL);
}

static void same(const char *a, const char *b, bool expected)
{
    tap_ok(output_path_same(a, b) == expected && output_path_same(b, a) == expected,
           "%s and %s: %s", a, b, expected ? "one file" : "two");
}

static void pairs(void)
{
    char whole[4096], here[4000];
    snprintf(whole, sizeof whole, "%s/new", getcwd(here, sizeof here) ? here : "");
    same("new", "./folder/../new", true);
    same("new", whole, true);
    same("new", "other", false);
    same("new", "folder/new", false);
    same("missing/new", "missing/../missing/new", false); /* neither can be created */
    same("second", "./folder/new", true);
    make("folder/new");
    same("second", "folder/new", true);
    tap_ok(!link("folder/new", "hard"), "a second name");
    same("hard", "link", true);
    same("hard", "new", false);
    same("/dev/null", "/dev/null", false);
    same("-", "-", false);
}

int main(void)
{
    files();
    pairs();
    return tap_done();
}
