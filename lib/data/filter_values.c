/* Values that several filters take. */
#include "base/num.h"
#include "data/filters.h"

int filter_parse_count(struct filter_setting *s, const char *text, struct err *e)
{
    if (!num_i64(text, strlen(text), &s->number) || s->number < 1)
        return err_set(e, STATUS_USAGE, "'%s' is not a whole number of 1 or more", text);
    return 0;
}

int filter_parse_fraction(struct filter_setting *s, const char *text, struct err *e)
{
    if (!fraction_parse(text, strlen(text), &s->fraction))
        return err_set(e, STATUS_USAGE,
                       "'%s' is not a fraction from 0 to 1 with at most nine decimals", text);
    return 0;
}
