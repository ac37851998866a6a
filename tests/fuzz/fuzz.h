/* A fuzz target defines LLVMFuzzerTestOneInput.  Without libFuzzer it is a test that runs through
 * the inputs that are kept in the folder of its name, or through the files that are named. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifndef WITH_LIBFUZZER

#include <dirent.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "../tap.h"

static int fuzz_file(const char *path)
{
    struct buf bytes = {0};
    char chunk[4096];
    FILE *file = fopen(path, "rb");
    if (!file)
        return 0;
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0;)
        buf_append(&bytes, chunk, n);
    fclose(file);
    LLVMFuzzerTestOneInput((const uint8_t *)bytes.at, bytes.len);
    buf_release(&bytes);
    return 1;
}

static int fuzz_folder(const char *path)
{
    char name[4096];
    int count = 0;
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            count += fuzz_file(name);
    }
    if (folder)
        closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    char program[2048], folder[2048], name[256];
    int count = 0;
    for (int i = 1; i < argc; i++)
        count += fuzz_file(argv[i]);
    if (argc == 1) {
        snprintf(program, sizeof program, "%s", argv[0]);
        snprintf(name, sizeof name, "%s", basename(program));
        snprintf(program, sizeof program, "%s", argv[0]);
        snprintf(folder, sizeof folder, "%.1500s/../../../../tests/fuzz/%s", dirname(program),
                 name);
        count = fuzz_folder(folder);
    }
    tap_ok(count > 0, "%d kept inputs", count);
    return tap_done();
}

#endif
#endif
