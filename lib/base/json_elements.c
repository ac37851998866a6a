#include "base/json_elements.h"

#include <inttypes.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Part of a byte order mark, which may come before an array. */
static bool is_of_mark(char c)
{
    return c == '\xef' || c == '\xbb' || c == '\xbf';
}

/* Finds out whether the input is an array. */
static enum line_result look(struct json_elements *j, struct lines *l, struct err *e)
{
    enum line_result got = LINE_TEXT;
    size_t seen = 0;
    char first = ' ';
    while (got == LINE_TEXT && (is_blank(first) || is_of_mark(first)) && seen < LINE_LIMIT) {
        if (l->at + seen == l->end)
            got = lines_more(l, e);
        else
            first = l->block[l->at + seen++];
    }
    l->searched = l->at;
    l->number = first == '[';
    j->state = first == '[' ? JSON_BETWEEN : JSON_LINES;
    return got;
}

/* ---- elements ---- */

static int cut_off(const struct lines *l, struct err *e)
{
    return err_set(e, STATUS_DATA,
                   "%s, line %" PRIu64
                   ": the array of records has no end, as where the program before was cut off or "
                   "failed",
                   l->name, l->number);
}

static uint64_t newlines_in(const char *at, const char *end)
{
    uint64_t count = 0;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
        count++;
        at++;
    }
    return count;
}

/* Goes on to the next byte that is no blank.  LINE_END: none comes. */
static enum line_result pass_blanks(const struct json_elements *j, struct lines *l, struct err *e)
{
    for (;; l->at++) {
        enum line_result got = LINE_TEXT;
        l->searched = l->at;
        if (l->at == l->end && (got = lines_more(l, e)) != LINE_TEXT)
            return got;
        char c = l->block[l->at];
        if (!is_blank(c) && !(j->state == JSON_BETWEEN && is_of_mark(c)))
            return LINE_TEXT;
        l->number += c == '\n';
    }
}

/* Passes over what is left of an element that was too long. */
static enum line_result skip_rest(struct json_elements *j, struct lines *l, struct err *e)
{
    while (j->skipping) {
        const char *from = l->block + l->at, *end = l->block + l->end;
        const char *stop = json_scan_element(&j->scan, from, end);
        l->number += newlines_in(from, stop ? stop : end);
        l->at = l->searched = stop ? (size_t)(stop - l->block) : l->end;
        j->skipping = !stop;
        enum line_result got = stop ? LINE_TEXT : lines_more(l, e);
        if (got != LINE_TEXT)
            return got;
    }
    return LINE_TEXT;
}

/* Hands out [at, stop), cut to LINE_LIMIT; `ends`: the element ends there, else its rest is to be
 * skipped. */
static enum line_result deliver(struct json_elements *j, struct lines *l, size_t stop, bool ends,
                                struct bytes *text)
{
    const char *from = l->block + l->at;
    size_t len = stop - l->at;
    bool is_long = len > LINE_LIMIT;
    j->newlines = newlines_in(from, from + len);
    j->record++;
    j->skipping = !ends;
    j->state = JSON_BEHIND;
    l->at = l->searched = stop;
    if (is_long)
        len = LINE_LIMIT;
    while (len && is_blank(from[len - 1]))
        len--;
    *text = (struct bytes){from, len};
    return is_long ? LINE_LONG : LINE_TEXT;
}

/* The element that begins here. */
static enum line_result take_element(struct json_elements *j, struct lines *l, struct bytes *text,
                                     struct err *e)
{
    j->scan = (struct json_scan){0};
    l->searched = l->at;
    for (;;) {
        const char *stop = json_scan_element(&j->scan, l->block + l->searched, l->block + l->end);
        if (stop)
            return deliver(j, l, (size_t)(stop - l->block), true, text);
        if (l->end - l->at > LINE_LIMIT)
            return deliver(j, l, l->end, false, text);
        enum line_result got = lines_more(l, e);
        if (got != LINE_TEXT)
            return got;
    }
}

/* Passes over the mark before the next element, or behind the last one.  *element: one begins. */
static int take_mark(struct json_elements *j, struct lines *l, bool *element, struct err *e)
{
    char c = l->block[l->at];
    *element = j->state == JSON_COMMA || (j->state == JSON_BEGUN && c != ']');
    if (*element)
        return 0;
    if (j->state == JSON_BETWEEN && c != '[')
        return err_set(e, STATUS_DATA,
                       "%s, line %" PRIu64 ": something follows the array of records", l->name,
                       l->number);
    j->state = c == '[' ? JSON_BEGUN : c == ',' ? JSON_COMMA : JSON_BETWEEN;
    l->at++;
    return 0;
}

/* LINE_END: the input has no more. */
static enum line_result next_element(struct json_elements *j, struct lines *l, struct bytes *text,
                                     struct err *e)
{
    l->number += j->newlines;
    j->newlines = 0;
    enum line_result got = skip_rest(j, l, e);
    for (bool element = false; got == LINE_TEXT;) {
        got = pass_blanks(j, l, e);
        if (got == LINE_TEXT && take_mark(j, l, &element, e))
            return LINE_ERROR;
        if (got == LINE_TEXT && element) {
            got = take_element(j, l, text, e);
            break;
        }
    }
    if (got == LINE_END && j->state != JSON_BETWEEN) {
        cut_off(l, e);
        return LINE_ERROR;
    }
    return got;
}

enum line_result json_elements_next(struct json_elements *j, struct lines *l, struct bytes *text,
                                    struct err *e)
{
    for (;;) {
        if (l->fd < 0) {
            enum line_result begun = lines_begin(l, e);
            if (begun != LINE_TEXT)
                return begun;
            *j = (struct json_elements){0};
        }
        if (j->state == JSON_UNKNOWN && look(j, l, e) == LINE_ERROR)
            return LINE_ERROR;
        enum line_result got =
            j->state == JSON_LINES ? lines_next_here(l, text, e) : next_element(j, l, text, e);
        if (got != LINE_END)
            return got;
        lines_end(l);
    }
}
