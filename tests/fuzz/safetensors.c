/* Files of tensors: whatever the bytes, what opens lies inside the file and can be read. */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"
#include "nn/safetensors.h"

static void read_all(const struct safetensors *s)
{
    struct err e;
    for (size_t i = 0; i < s->entries.len; i++) {
        const struct safetensors_entry *entry = &s->entries.at[i];
        size_t n = (size_t)safetensors_bytes(entry);
        char *bytes = mem_alloc(n); /* the file holds as many */
        if (safetensors_find(s, entry->name) != entry ||
            safetensors_read(s, entry, 0, bytes, n, &e))
            abort();
        mem_free(bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct safetensors s;
    struct err e;
    char path[32];
    FILE *file = tmpfile();
    if (!file || fwrite(data, 1, size, file) != size || fflush(file))
        abort();
    snprintf(path, sizeof path, "/dev/fd/%d", fileno(file));
    if (!safetensors_open(&s, path, &e)) {
        read_all(&s);
        safetensors_close(&s);
    } else if (e.status != STATUS_DATA) {
        abort();
    }
    fclose(file);
    return 0;
}
