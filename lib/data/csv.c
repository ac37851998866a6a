#include "data/csv.h"

#include "base/num.h"
#include "base/text_fields.h"

/* ---- what the options say of the log ---- */

int csv_where(csv_tests *tests, const char *text, struct err *e)
{
    const char *equals = strchr(text, '=');
    bool differs = equals && equals > text && equals[-1] == '!';
    size_t len = equals ? (size_t)(equals - text) - differs : 0;
    if (!len)
        return err_set(e, STATUS_USAGE, "'%s' is neither COLUMN=VALUE nor COLUMN!=VALUE", text);
    struct bytes value = bytes_of(equals + 1);
    bool begins = value.len && value.at[value.len - 1] == '*';
    value.len -= begins;
    vec_push(tests, ((struct csv_test){mem_copy(text, len), value, differs, begins, CSV_NONE}));
    return 0;
}

/* Whether a column is carried under the key of "KEY=COLUMN" or "COLUMN". */
static bool carries_key_of(const struct csv *c, const char *text)
{
    for (size_t i = 0; i < c->carry.len; i++)
        if (bytes_equal(bytes_of(c->carry.at[i].key), (struct bytes){text, strcspn(text, "=")}))
            return true;
    return false;
}

int csv_carry(struct csv *c, const char *text, struct err *e)
{
    const char *equals = strchr(text, '='), *column = equals ? equals + 1 : text;
    size_t len = equals ? (size_t)(equals - text) : strlen(text);
    if (!len || !*column)
        return err_set(e, STATUS_USAGE, "'%s' is neither COLUMN nor KEY=COLUMN", text);
    if (carries_key_of(c, text))
        return err_set(e, STATUS_USAGE, "'%.*s' is carried already: KEY=COLUMN gives a name",
                       (int)len, text);
    vec_push(&c->carry, ((struct csv_column){mem_copy(text, len), column, CSV_NONE}));
    return 0;
}

static const char *either(const char *given, const char *preset)
{
    return given ? given : preset;
}

/* What is given, the rest from the preset. */
static struct csv_layout completed(const struct csv_layout *given, const struct csv_layout *preset)
{
    return (struct csv_layout){
        .user = given->user_name ? NULL : either(given->user, preset->user),
        .user_name = given->user_name,
        .item = either(given->item, preset->item),
        .time = either(given->time, preset->time),
        .session = either(given->session, preset->session),
        .sequence = either(given->sequence, preset->sequence),
        .delimiter = either(given->delimiter, preset->delimiter),
        .time_unit = either(given->time_unit, preset->time_unit),
        .time_form = given->time_unit ? NULL : given->time_form,
        .header = either(given->header, preset->header),
    };
}

static int read_delimiter(struct csv *c, struct err *e)
{
    const char *text = c->layout.delimiter;
    if (!text)
        text = ",";
    if (!strcmp(text, "tab") || !strcmp(text, "\\t"))
        text = "\t";
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
    return !c->layout.header || strcmp(c->layout.header, "no");
}

static bool contains(struct bytes line, const char *sign)
{
    size_t len = strlen(sign);
    for (size_t at = 0; at + len <= line.len; at++)
        if (!memcmp(line.at + at, sign, len))
            return true;
    return !len;
}

/* The preset's variant whose sign is in the line; without a line, the first one. */
static const struct csv_preset *find_preset(const char *name, const struct bytes *line)
{
    for (const struct csv_preset *p = csv_presets; name && p->name; p++)
        if (!strcmp(p->name, name) && (!line || contains(*line, p->sign)))
            return p;
    return NULL;
}

/* Where sessions are made by a gap, the layout's column of sessions is not used. */
static int leave_sessions(struct csv *c, struct err *e)
{
    if (!c->by_gap || !c->layout.session)
        return 0;
    if (c->given.session)
        return err_set(e, STATUS_USAGE,
                       "--gap and --session exclude each other: both say where sessions begin");
    if (!c->layout.user && !c->layout.user_name)
        return err_set(e, STATUS_USAGE,
                       "--gap: in --preset %s each session is a user of its own: add --user COLUMN",
                       c->preset);
    c->layout.session = NULL;
    return 0;
}

/* The tests of the options, or those of the preset. */
static int choose_tests(struct csv *c, const struct csv_preset *preset, struct err *e)
{
    c->tests = &c->where;
    if (!preset || c->where.len)
        return 0;
    c->tests = &c->preset_where;
    for (size_t i = 0; i < 2 && preset->where[i] && c->preset_where.len <= i; i++)
        if (csv_where(&c->preset_where, preset->where[i], e))
            return e->status;
    return 0;
}

static int choose_layout(struct csv *c, const struct bytes *line, struct err *e)
{
    static const struct csv_layout nothing;
    const struct csv_preset *preset = find_preset(c->preset, line);
    c->layout = completed(&c->given, preset ? &preset->layout : &nothing);
    if (leave_sessions(c, e) || choose_tests(c, preset, e))
        return e->status;
    c->sessions = c->layout.session;
    c->clock.form = c->layout.time_form;
    c->clock.unit = c->clock.form ? RAW_FORM : raw_unit_of(c->layout.time_unit);
    return raw_clock_check(&c->clock, e) ? e->status : read_delimiter(c, e);
}

/* ---- columns ---- */

static bool is_number(const char *spec)
{
    return *spec && strspn(spec, "0123456789") == strlen(spec);
}

/* Whether a header's field has the name, or has it before a type ("item_id:token"). */
static bool is_named(struct bytes field, const char *name, bool typed)
{
    static const char *const types[] = {":token", ":token_seq", ":float", ":float_seq"};
    size_t len = strlen(name);
    if (field.len < len || memcmp(field.at, name, len))
        return false;
    struct bytes rest = {field.at + len, field.len - len};
    for (size_t i = 0; typed && i < sizeof types / sizeof *types; i++)
        if (bytes_equal(rest, bytes_of(types[i])))
            return true;
    return !typed && !rest.len;
}

/* The header's names, as far as they fit into a message. */
static void list_columns(const struct csv *c, struct buf *to)
{
    char text[FIELD_TEXT];
    for (size_t i = 0; i < c->columns && to->len < 400; i++)
        buf_format(to, "%s%s", i ? ", " : "", field_text(c->fields.at[i], text));
    buf_text(to, to->len < 400 ? "" : ", ...");
    buf_byte(to, '\0');
}

static int no_such_column(const struct csv *c, const char *spec, struct err *e)
{
    struct buf names = {0};
    if (is_number(spec))
        return err_set(e, STATUS_DATA, "no column %s: there are %zu", spec, c->columns);
    if (!has_header(c))
        return err_set(e, STATUS_DATA,
                       "no column \"%s\": without a header columns go by number, 1 to %zu", spec,
                       c->columns);
    list_columns(c, &names);
    err_set(e, STATUS_DATA, "no column \"%s\" in the header, which has %s", spec, names.at);
    buf_release(&names);
    return e->status;
}

/* Finds the one column of the name; *at stays CSV_NONE where there is none. */
static int find_name(const struct csv *c, const char *name, bool typed, size_t *at, struct err *e)
{
    for (size_t i = 0; i < c->columns; i++) {
        if (!is_named(c->fields.at[i], name, typed))
            continue;
        if (*at != CSV_NONE)
            return err_set(e, STATUS_DATA,
                           "two columns are named \"%s\": %zu and %zu; take one by its number",
                           name, *at + 1, i + 1);
        *at = i;
    }
    return 0;
}

/* Finds a column in the first row, whose fields are c->fields; NULL is none. A name counts more
 * than a number. */
static int find_column(struct csv *c, const char *spec, size_t *at, struct err *e)
{
    int64_t number = 0;
    *at = CSV_NONE;
    if (!spec)
        return 0;
    for (int typed = 0; has_header(c) && typed < 2 && *at == CSV_NONE; typed++)
        if (find_name(c, spec, typed, at, e))
            return e->status;
    if (*at == CSV_NONE && is_number(spec) && num_i64(spec, strlen(spec), &number) && number >= 1 &&
        (uint64_t)number <= c->columns)
        *at = (size_t)number - 1;
    if (*at == CSV_NONE)
        return no_such_column(c, spec, e);
    if (*at >= c->wanted)
        c->wanted = *at + 1;
    return 0;
}

static int find_columns(struct csv *c, struct err *e)
{
    const struct csv_layout *l = &c->layout;
    c->wanted = 0;
    if (find_column(c, l->user, &c->user, e) || find_column(c, l->item, &c->item, e) ||
        find_column(c, l->time, &c->time, e) || find_column(c, l->session, &c->session, e) ||
        find_column(c, l->sequence, &c->sequence, e))
        return e->status;
    for (size_t i = 0; i < c->tests->len; i++)
        if (find_column(c, c->tests->at[i].column, &c->tests->at[i].at, e))
            return e->status;
    for (size_t i = 0; i < c->carry.len; i++)
        if (find_column(c, c->carry.at[i].column, &c->carry.at[i].at, e))
            return e->status;
    return 0;
}

/* Whether the layout says all that it has to. */
static int check(const struct csv *c, struct err *e)
{
    const struct csv_layout *l = &c->layout;
    if (!l->item || !l->time)
        return err_set(e, STATUS_USAGE, "--%s COLUMN is missing: which column is it?",
                       l->item ? "time" : "item");
    if (!l->user && !l->session && !l->user_name)
        return err_set(e, STATUS_USAGE,
                       "--user COLUMN or --session COLUMN is missing: which columns are they? "
                       "--user-name NAME is for a log of one user");
    if (c->given.user && c->given.user_name)
        return err_set(e, STATUS_USAGE, "--user and --user-name exclude each other: choose one");
    if (c->given.time_unit && c->given.time_form)
        return err_set(e, STATUS_USAGE,
                       "--time-unit and --time-format exclude each other: choose one");
    return 0;
}

static bool split(struct csv *c, struct bytes line, size_t *count)
{
    if (c->quoting.len)
        return fields_split_csv(line, c->quoting, &c->unquoted, c->fields.at, c->fields.len, count);
    *count = fields_split_at(line, c->delimiter, c->fields.at, c->fields.len);
    return true;
}

static int first_line(void *state, struct bytes line, struct err *e)
{
    struct csv *c = state;
    if (choose_layout(c, &line, e) || check(c, e))
        return e->status;
    for (c->fields.len = 0;;
         c->fields.len = c->columns) { /* once to count them, once to store them */
        if (!split(c, line, &c->columns))
            return err_set(e, STATUS_DATA, "column %zu: the quotes do not match", c->columns + 1);
        if (c->fields.len == c->columns)
            break;
        vec_reserve(&c->fields, c->columns - c->fields.len);
    }
    if (find_columns(c, e))
        return e->status;
    c->fields.len = c->wanted;
    return has_header(c) ? 0 : RAW_ROW_TOO;
}

/* ---- rows ---- */

static bool has_value(const struct csv_test *test, struct bytes field)
{
    if (test->begins && field.len > test->value.len)
        field.len = test->value.len;
    return bytes_equal(field, test->value);
}

static bool is_wanted(const struct csv *c)
{
    const struct csv_test *tests = c->tests->at;
    for (size_t i = 0; i < c->tests->len; i++) {
        bool found = false;
        for (size_t k = 0; k < c->tests->len && !found; k++)
            if (tests[k].at == tests[i].at && tests[k].differs == tests[i].differs)
                found = has_value(&tests[k], c->fields.at[tests[k].at]);
        if (found == tests[i].differs)
            return false;
    }
    return true;
}

static int read_sequence(struct bytes field, int64_t *number, struct err *e)
{
    char text[FIELD_TEXT];
    if (num_i64(field.at, field.len, number))
        return 0;
    return err_set(e, STATUS_DATA, "the sequence is %s: a whole number is expected",
                   field_text(field, text));
}

static struct bytes user_of(const struct csv *c)
{
    if (c->layout.user_name)
        return bytes_of(c->layout.user_name);
    return c->fields.at[c->user == CSV_NONE ? c->session : c->user];
}

static int csv_row(void *state, struct bytes line, struct raw_row *row, struct err *e)
{
    struct csv *c = state;
    const struct bytes *fields = c->fields.at;
    size_t count;
    if (!split(c, line, &count))
        return err_set(e, STATUS_DATA, "column %zu: the quotes do not match", count + 1);
    if (count != c->columns)
        return err_set(e, STATUS_DATA, "%zu columns where the %s has %zu", count,
                       has_header(c) ? "header" : "first row", c->columns);
    if (!is_wanted(c))
        return RAW_UNWANTED;
    row->user = user_of(c);
    if (!row->user.len)
        return RAW_NOBODY;
    row->item = fields[c->item];
    if (raw_name("user", row->user, e) || raw_name("item", row->item, e) ||
        raw_time(&c->clock, "time", fields[c->time], row, e))
        return e->status;
    if (c->session != CSV_NONE) {
        row->session = fields[c->session];
        if (raw_name("session", row->session, e))
            return e->status;
    }
    if (c->sequence != CSV_NONE && read_sequence(fields[c->sequence], &row->order, e))
        return e->status;
    for (size_t i = 0; i < c->carry.len; i++)
        c->carried.at[i] = fields[c->carry.at[i].at];
    row->carried = c->carried.at;
    return 0;
}

/* ---- the format ---- */

int csv_open(struct csv *c, struct raw_format *format, struct err *e)
{
    const struct csv_preset *preset = find_preset(c->preset, NULL);
    if (choose_layout(c, NULL, e) || check(c, e))
        return e->status;
    if (preset && preset->carry && !carries_key_of(c, preset->carry) &&
        csv_carry(c, preset->carry, e))
        return e->status;
    for (size_t i = 0; i < c->carry.len; i++) {
        vec_push(&c->keys, c->carry.at[i].key);
        vec_push(&c->carried, ((struct bytes){NULL, 0}));
    }
    *format = (struct raw_format){
        .state = c,
        .name = "a delimited log",
        .delimiter = &c->quoting,
        .header = first_line,
        .row = csv_row,
        .sessions = &c->sessions,
        .carried = c->keys.at,
        .carried_count = c->keys.len,
        .clock = &c->clock,
    };
    return 0;
}

static void release_tests(csv_tests *tests)
{
    for (size_t i = 0; i < tests->len; i++)
        mem_free((char *)(size_t)tests->at[i].column);
    vec_release(tests);
}

void csv_release(struct csv *c)
{
    release_tests(&c->where);
    release_tests(&c->preset_where);
    for (size_t i = 0; i < c->carry.len; i++)
        mem_free((char *)(size_t)c->carry.at[i].key);
    vec_release(&c->carry);
    vec_release(&c->fields);
    vec_release(&c->carried);
    vec_release(&c->keys);
    buf_release(&c->unquoted);
}
