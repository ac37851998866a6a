/* Locks beside files: one process at a time, named to the next one. */
#include "base/lock.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/part_file.h"

#include "../tap.h"

/* A child that takes the lock, says so and waits to be killed. */
static pid_t holder(void)
{
    int said[2];
    char byte = 0;
    if (pipe(said))
        return -1;
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
        struct lock l;
        struct err e;
        byte = lock_take(&l, "thing", &e) ? 'n' : 'y';
        (void)!write(said[1], &byte, 1);
        for (;;)
            pause();
    }
    (void)!read(said[0], &byte, 1);
    close(said[0]);
    close(said[1]);
    return byte == 'y' ? child : -1;
}

int main(void)
{
    struct lock l, none = {0};
    struct err e = {0};
    char name[40];
    tap_ok(!lock_take(&l, "thing", &e) && !access("thing.lock", F_OK), "a lock is taken");
    lock_release(&l);
    tap_ok(access("thing.lock", F_OK) != 0, "and leaves nothing when it is given back");
    pid_t child = holder();
    snprintf(name, sizeof name, "process %ld", (long)child);
    tap_ok(child > 0 && lock_take(&l, "thing", &e) == STATUS_LOCKED && strstr(e.text, name),
           "held by another: %s", strstr(e.text, "process") ? "process N" : e.text);
    tap_ok(!access("thing.lock", F_OK), "whose file stays");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    tap_ok(!lock_take(&l, "thing", &e), "a killed holder holds nobody up");
    lock_release(&l);
    lock_take(&l, "thing", &e);
    part_file_remove_all();
    tap_ok(access("thing.lock", F_OK) != 0, "a program that ends by a signal leaves no file");
    lock_release(&l);
    tap_ok(lock_take(&l, "no/such/folder", &e) == STATUS_CANTCREATE, "where none can be created");
    FILE *own = fopen("thing.lock", "w");
    tap_ok(own && fputs("a user's", own) > 0 && !fclose(own), "a file that has the name of a lock");
    tap_ok(lock_take(&l, "thing", &e) == STATUS_CANTCREATE && strstr(e.text, "8 bytes"),
           "is no lock: %s", e.text);
    lock_release(&l);
    tap_ok(!access("thing.lock", F_OK) && !remove("thing.lock"), "and stays");
    lock_take(&l, "thing", &e);
    tap_ok(!rename("thing.lock", "away") && (own = fopen("thing.lock", "w")) && !fclose(own),
           "a file that took the name later");
    lock_release(&l);
    tap_ok(!access("thing.lock", F_OK), "stays when the lock is given back");
    lock_release(&none);
    tap_ok(1, "one of zeros may be released");
    return tap_done();
}
