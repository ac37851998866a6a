/* EMULATED_TRACE=FILE: writes a line into FILE for each piece of work that the device gets, in the
 * order of the calls, for tests that count the work of a training step. */
#include "inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static FILE *open_trace(void)
{
    const char *name = getenv("EMULATED_TRACE");
    FILE *file = name ? fopen(name, "w") : NULL;
    if (name && !file)
        emulation_die("EMULATED_TRACE: cannot write %s", name);
    return file;
}

void work_trace(const char *format, ...)
{
    static FILE *file = open_trace();
    va_list args;
    if (!file)
        return;
    va_start(args, format);
    vfprintf(file, format, args);
    va_end(args);
    fputc('\n', file);
    fflush(file);
}
