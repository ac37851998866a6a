#include "data/csv.h"

#include "base/num.h"
#include "base/text_fields.h"

/* ---- what the options say of the log ---- */

static int read_delimiter(struct csv *c, struct err *e)
{
    const char *text = c->columns.layout.delimiter;
    text = text ? log_byte_named(text) : ",";
    size_t len = strlen(text);
    if (strcmp(text, "::") && (len != 1 || strchr("\"\r\n", *text)))
        return err_set(
            e, STATUS_USAGE,
            "--delimiter '%s': it is one byte, not a quote nor a line end, or tab, or ::", text);
    memcpy(c->delimiter_text, text, len);
    c->delimiter = (struct bytes){c->delimiter_text, len};
    c->quoting = c->no_quotes ? (struct bytes){NULL, 0} : c->delimiter;
    return 0;
}

static bool has_header(const struct csv *c)
{
    return !c->columns.layout.header || strcmp(c->columns.layout.header, "no");
}

static int choose_layout(struct csv *c, const struct bytes *line, struct err *e)
{
    const struct log_preset *preset = log_preset_find(csv_presets, c->columns.preset, line);
    return log_columns_settle(&c->columns, preset, e) ? e->status : read_delimiter(c, e);
}

/* ---- columns ---- */

static bool is_number(const char *spec)
{
    return *spec && strspn(spec, "0123456789") == strlen(spec);
}

/* How far a header's field may differ from a name: not at all, by a type behind it
 * ("item_id:token"), by blanks around it. */
enum naming { PLAIN, TYPED, BLANKS };

static bool is_named(struct bytes field, const char *name, enum naming naming)
{
    static const char *const types[] = {":token", ":token_seq", ":float", ":float_seq"};
    size_t len = strlen(name);
    if (naming == BLANKS)
        field = field_trimmed(field);
    if (field.len < len || memcmp(field.at, name, len))
        return false;
    struct bytes rest = {field.at + len, field.len - len};
    for (size_t i = 0; naming == TYPED && i < sizeof types / sizeof *types; i++)
        if (bytes_equal(rest, bytes_of(types[i])))
            return true;
    return naming != TYPED && !rest.len;
}

/* The header's names, as far as they fit into a message. */
static void list_columns(const struct csv *c, struct buf *to)
{
    char text[FIELD_TEXT];
    for (size_t i = 0; i < c->width && to->len < 400; i++)
        buf_format(to, "%s%s", i ? ", " : "", field_text(c->fields.at[i], text));
    buf_text(to, to->len < 400 ? "" : ", ...");
    buf_byte(to, '\0');
}

/* A question about what may separate the fields of a header that seems to have one alone. */
static const char *other_delimiter(struct bytes header)
{
    static const char *const questions[] = {"\t: is --delimiter tab missing?",
                                            ";: is --delimiter ';' missing?",
                                            "|: is --delimiter '|' missing?", ",: is it a comma?"};
    for (size_t i = 0; header.len && i < sizeof questions / sizeof *questions; i++)
        if (memchr(header.at, *questions[i], header.len))
            return questions[i] + 1;
    return "";
}

static int no_such_column(const struct csv *c, const char *spec, struct err *e)
{
    struct buf names = {0};
    if (is_number(spec))
        return err_set(e, STATUS_DATA, "no column %s: there are %zu", spec, c->width);
    if (!has_header(c))
        return err_set(e, STATUS_DATA,
                       "no column \"%s\": without a header columns go by number, 1 to %zu", spec,
                       c->width);
    list_columns(c, &names);
    err_set(e, STATUS_DATA, "no column \"%s\" in the header, which has %s%s", spec, names.at,
            c->width == 1 ? other_delimiter(c->fields.at[0]) : "");
    buf_release(&names);
    return e->status;
}

/* Finds the one column of the name; *at stays COLUMN_NONE where there is none. */
static int find_name(const struct csv *c, const char *name, enum naming naming, size_t *at,
                     struct err *e)
{
    for (size_t i = 0; i < c->width; i++) {
        if (!is_named(c->fields.at[i], name, naming))
            continue;
        if (*at != COLUMN_NONE)
            return err_set(e, STATUS_DATA,
                           "two columns are named \"%s\": %zu and %zu; take one by its number",
                           name, *at + 1, i + 1);
        *at = i;
    }
    return 0;
}

/* Finds a column in the first row, whose fields are c->fields. A name counts more
 * than a number. */
static int find_column(void *state, const char *spec, size_t *at, struct err *e)
{
    struct csv *c = state;
    int64_t number = 0;
    *at = COLUMN_NONE;
    for (enum naming n = PLAIN; has_header(c) && n <= BLANKS && *at == COLUMN_NONE; n++)
        if (find_name(c, spec, n, at, e))
            return e->status;
    if (*at == COLUMN_NONE && is_number(spec) && num_i64(spec, strlen(spec), &number) &&
        number >= 1 && (uint64_t)number <= c->width)
        *at = (size_t)number - 1;
    if (*at == COLUMN_NONE)
        return no_such_column(c, spec, e);
    if (*at >= c->wanted)
        c->wanted = *at + 1;
    return 0;
}

/* Splits a line into c->fields, unless it was split as it was read; fails where its quotes do not
 * match. */
static int split(struct csv *c, struct bytes line, size_t *count, struct err *e)
{
    enum fields_end end = FIELDS_CLOSED;
    *count = c->split.count;
    if (*count)
        return 0;
    if (c->quoting.len)
        end = fields_split_csv(line, c->quoting, &c->unquoted, c->fields.at, c->fields.len, count);
    else
        *count = fields_split_at(line, c->delimiter, c->fields.at, c->fields.len);
    return raw_quotes(end, *count, e);
}

/* Whether it is the line that tells Excel what separates fields: "sep=;". */
static bool is_for_excel(struct bytes line)
{
    return line.len == 5 && !memcmp(line.at, "sep=", 4);
}

/* Another input may have another form of the preset: one whose rows name their sessions and one
 * whose rows do not make no log together. */
static int settle_input(struct csv *c, struct bytes line, struct err *e)
{
    bool is_first = !c->width, had = c->columns.sessions;
    if (choose_layout(c, &line, e) || log_columns_check(&c->columns, e))
        return e->status;
    if (is_first || had == c->columns.sessions)
        return 0;
    return err_set(e, STATUS_DATA,
                   "the input %s its sessions, and the one before %s: make a stream of each",
                   had ? "does not name" : "names", had ? "does" : "does not");
}

static int first_line(void *state, struct bytes line, struct err *e)
{
    struct csv *c = state;
    c->split.count = 0; /* by the delimiter of another input, perhaps */
    if (is_for_excel(line))
        return RAW_BEFORE;
    if (settle_input(c, line, e))
        return e->status;
    for (c->fields.len = 0;;
         c->fields.len = c->width) { /* once to count them, once to store them */
        if (split(c, line, &c->width, e))
            return e->status;
        if (c->fields.len == c->width)
            break;
        vec_reserve(&c->fields, c->width - c->fields.len);
    }
    c->wanted = 0;
    if (log_columns_place(&c->columns, find_column, c, e))
        return e->status;
    c->fields.len = c->wanted;
    c->split = (struct line_fields){
        .delimiter = c->delimiter.len == 1 ? *c->delimiter.at : '\0',
        .unquoted = c->quoting.len ? &c->unquoted : NULL,
        .at = c->fields.at,
        .room = c->fields.len,
    };
    return has_header(c) ? 0 : RAW_ROW_TOO;
}

/* Reads the items of the row's list, and the one after it. */
static int read_list(struct csv *c, struct err *e)
{
    c->next = 0;
    if (log_columns_list(&c->columns, c->fields.at[c->columns.item], &c->items, e))
        return e->status;
    if (c->columns.next_at != COLUMN_NONE && c->fields.at[c->columns.next_at].len)
        vec_push(&c->items, c->fields.at[c->columns.next_at]);
    return RAW_MANY;
}

static int csv_row(void *state, struct bytes line, struct raw_row *row, struct err *e)
{
    struct csv *c = state;
    size_t count;
    int status = split(c, line, &count, e);
    if (status)
        return status;
    if (count != c->width)
        return err_set(e, STATUS_DATA, "%zu columns where the %s has %zu", count,
                       has_header(c) ? "header" : "first row", c->width);
    log_columns_record(&c->columns);
    if (!c->columns.layout.list)
        return log_columns_row(&c->columns, c->fields.at, row, e);
    return read_list(c, e);
}

static int next_item(void *state, struct raw_row *row, struct err *e)
{
    struct csv *c = state;
    if (c->next == c->items.len)
        return RAW_NO_MORE;
    c->fields.at[c->columns.item] = c->items.at[c->next++];
    return log_columns_row(&c->columns, c->fields.at, row, e);
}

/* ---- the format ---- */

int csv_open(struct csv *c, struct raw_format *format, struct err *e)
{
    const struct log_preset *preset = log_preset_find(csv_presets, c->columns.preset, NULL);
    *format = (struct raw_format){
        .state = c,
        .name = "a delimited log",
        .delimiter = &c->quoting,
        .header = first_line,
        .row = csv_row,
        .fields = &c->split,
        .more = next_item,
    };
    if (choose_layout(c, NULL, e) || log_columns_check(&c->columns, e))
        return e->status;
    return log_columns_open(&c->columns, preset, format, e);
}

void csv_release(struct csv *c)
{
    log_columns_release(&c->columns);
    vec_release(&c->fields);
    buf_release(&c->unquoted);
    vec_release(&c->items);
}
