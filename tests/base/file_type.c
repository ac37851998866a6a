/* What a file that is no stream and no text is. */
#include "base/file_type.h"

#include "../tap.h"

static void is(const char *begin, size_t n, const char *name)
{
    const struct file_type *type = file_type_of((struct bytes){begin, n});
    tap_ok(name ? type && !strcmp(type->name, name) && *type->advice : !type, "%zu bytes: %s", n,
           type ? type->name : "nothing known");
}

int main(void)
{
    static char archive[300];
    memcpy(archive, "name", 4);
    memcpy(archive + 257, "ustar", 5);
    is(archive, sizeof archive, "tar");
    is(archive, 261, NULL);
    archive[257] = 'x';
    is(archive, sizeof archive, NULL);
    is("\x1f\x8b\x08", 3, "gzip");
    is("a\0b\0", 4, "UTF-16");
    is("a\0bc", 4, NULL);
    is("a\0\0\0", 4, NULL);
    is("abc\0", 4, NULL);
    is("\0a\0b", 4, "UTF-16");
    is("\0a\0\0", 4, NULL);
    is("\0abc", 4, NULL);
    is("\0\0\0a", 4, NULL);
    is("a\0b", 3, NULL);
    static char workbook[60] = "PK\x03\x04";
    is(workbook, 20, "zip");
    is(workbook, 31, "zip");
    is(workbook, sizeof workbook, "zip");
    memcpy(workbook + 30, "xl/workbook.xml", 15);
    is(workbook, sizeof workbook, "an Excel workbook");
    is("text", 4, NULL);
    is("", 0, NULL);
    return tap_done();
}
