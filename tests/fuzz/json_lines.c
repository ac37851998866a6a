/* Logs of JSON: the first byte chooses the paths, the others are the log. What is read as a row
 * must be one. */
#include <stdlib.h>

#include "data/json_lines.h"
#include "fuzz.h"
#include "read_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct log_layout layouts[] = {
        {.user = "u", .item = "i", .time = "t"},
        {.session = "s", .item = "e.i", .time = "e.t", .time_unit = "ms"},
        {.user = "u.0.a", .item = "e.i.1", .time = "t.0", .sequence = "n"},
        {.user_name = "me", .item = "..", .time = "t"},
    };
    struct json_lines j = {0};
    struct raw_format format;
    struct err e = {0};
    if (!size)
        return 0;
    unsigned choice = *data++ % 7;
    size--;
    if (choice < 4)
        j.columns.given = layouts[choice];
    else if (choice == 4)
        j.columns.given.list = "i";
    else
        j.columns.preset = choice == 5 ? "otto" : "pushshift";
    log_columns_carry(&j.columns, "k=e.k", &e);
    if (json_lines_open(&j, &format, &e))
        abort();
    read_log(format, data, size);
    json_lines_release(&j);
    return 0;
}
