#include "eval/report_write.h"

static void (*const write_format[])(const struct report *, struct buf *) = {
    [REPORT_TABLE] = report_tables,
    [REPORT_TSV] = report_tsv,
    [REPORT_JSON] = report_json,
};

void report_write(const struct report *r, struct buf *to)
{
    write_format[r->format](r, to);
}
