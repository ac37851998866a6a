#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, int status, const char *format, ...)
{
    char text[sizeof e->text]; /* the old text may be among the arguments */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(e->text, text, sizeof text);
    e->status = status;
    return status;
}

int err_at(struct err *e, const char *format, ...)
{
    char text[sizeof e->text];
    va_list args;
    va_start(args, format);
    int place = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (place < 0 || (size_t)place >= sizeof text)
        return e->status;
    snprintf(text + place, sizeof text - (size_t)place, ": %.*s",
             (int)(sizeof text - (size_t)place - 3 > 0 ? sizeof text - (size_t)place - 3 : 0),
             e->text);
    memcpy(e->text, text, sizeof text);
    return e->status;
}
