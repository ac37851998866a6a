/* Records of JSON in inputs that are arrays of them, [{...}, {...}], or else have one a line. */
#ifndef BASE_JSON_ELEMENTS_H
#define BASE_JSON_ELEMENTS_H

#include "base/json.h"
#include "base/lines.h"

/* {0} is the state before the first input. */
struct json_elements {
    enum { JSON_UNKNOWN, JSON_LINES, JSON_BETWEEN, JSON_BEGUN, JSON_COMMA, JSON_BEHIND } state;
    struct json_scan scan; /* of the element that has not ended */
    bool skipping;         /* the rest of an element that was too long */
    uint64_t newlines;     /* in the last one and what was passed over with it */
    uint64_t record;       /* number of the element in its input, from 1; 0: it is a line */
};

/* The next line as by lines_next; of an input whose first byte but blanks is "[", the next element
 * of the array, over as many lines as it takes, without the blanks around it.  l->number is the
 * line in which it begins.  Several arrays may follow each other.  LINE_LONG: an element of more
 * than LINE_LIMIT bytes.  LINE_ERROR: also 65: an array has no end, or something else follows it.
 */
enum line_result json_elements_next(struct json_elements *j, struct lines *l, struct bytes *text,
                                    struct err *e);

#endif
