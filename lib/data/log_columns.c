#include "data/log_columns.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/num.h"
#include "base/text_fields.h"

/* ---- presets ---- */

char *log_preset_names(const struct log_preset *presets)
{
    struct buf names = {0};
    for (const struct log_preset *p = presets; p->name; p++)
        if (p == presets || strcmp(p->name, p[-1].name))
            buf_format(&names, "%s%s", names.len ? "|" : "", p->name);
    return names.at;
}

static bool contains(struct bytes line, const char *sign)
{
    size_t len = strlen(sign);
    for (size_t at = 0; at + len <= line.len; at++)
        if (!memcmp(line.at + at, sign, len))
            return true;
    return !len;
}

const struct log_preset *log_preset_find(const struct log_preset *presets, const char *name,
                                         const struct bytes *line)
{
    for (const struct log_preset *p = presets; name && p->name; p++)
        if (!strcmp(p->name, name) && (!line || contains(*line, p->sign)))
            return p;
    return NULL;
}

/* ---- what the options say of the log ---- */

int log_columns_where(column_tests *tests, const char *text, struct err *e)
{
    const char *equals = strchr(text, '=');
    bool differs = equals && equals > text && equals[-1] == '!';
    size_t len = equals ? (size_t)(equals - text) - differs : 0;
    if (!len)
        return err_set(e, STATUS_USAGE, "'%s' is neither COLUMN=VALUE nor COLUMN!=VALUE", text);
    struct bytes value = bytes_of(equals + 1);
    bool begins = value.len && value.at[value.len - 1] == '*';
    value.len -= begins;
    vec_push(tests,
             ((struct column_test){mem_copy(text, len), value, differs, begins, COLUMN_NONE}));
    return 0;
}

static int add_where(void *to, const char *value, struct err *e)
{
    return log_columns_where(&((struct log_columns *)to)->where, value, e);
}

/* Whether a column is carried under the key of "KEY=COLUMN" or "COLUMN". */
static bool carries_key_of(const struct log_columns *c, const char *text)
{
    for (size_t i = 0; i < c->carry.len; i++)
        if (bytes_equal(bytes_of(c->carry.at[i].key), (struct bytes){text, strcspn(text, "=")}))
            return true;
    return false;
}

int log_columns_carry(struct log_columns *c, const char *text, struct err *e)
{
    const char *equals = strchr(text, '='), *column = equals ? equals + 1 : text;
    size_t len = equals ? (size_t)(equals - text) : strlen(text);
    if (!len || !*column)
        return err_set(e, STATUS_USAGE, "'%s' is neither COLUMN nor KEY=COLUMN", text);
    if (carries_key_of(c, text))
        return err_set(e, STATUS_USAGE, "'%.*s' is carried already: KEY=COLUMN gives a name",
                       (int)len, text);
    vec_push(&c->carry, ((struct carried_column){mem_copy(text, len), column, COLUMN_NONE}));
    return 0;
}

static int add_carry(void *to, const char *value, struct err *e)
{
    return log_columns_carry(to, value, e);
}

/* "beforePLACEafter", to be freed. */
static char *named_place(const char *before, const char *place, const char *after)
{
    struct buf text = {0};
    buf_format(&text, "%s%s%s%c", before, place, after, 0);
    return text.at;
}

const struct option *log_columns_options(struct log_columns *c, const struct log_preset *presets,
                                         const char *place)
{
    struct log_layout *l = &c->given;
    c->place = place;
    c->preset_names = log_preset_names(presets);
    c->where_value = named_place("", place, "=VALUE");
    c->carry_value = named_place("[KEY=]", place, "");
    const struct option rows[] = {
        {OPTION_CHOICE, 0, "preset", "NAME", "a known layout", &c->preset, true,
         .choices = c->preset_names},
        {OPTION_TEXT, 0, "user", place, "the user", &l->user, .recorded = true},
        {OPTION_TEXT, 0, "user-name", "NAME", "the one user whose log it is, in place of --user",
         &l->user_name, .recorded = true},
        {OPTION_TEXT, 0, "item", place, "the item", &l->item, .recorded = true},
        {OPTION_TEXT, 0, "list", place, "the items of a session, as a list, in place of --item",
         &l->list, .recorded = true},
        {OPTION_TEXT, 0, "list-delimiter", "C", "what separates the items of --list, as its first",
         &l->list_delimiter, .recorded = true},
        {OPTION_TEXT, 0, "time", place, "the time", &l->time, .recorded = true},
        {OPTION_FLAG, 0, "no-time", NULL, "the log has no times, and its order counts", &c->no_time,
         .recorded = true},
        {OPTION_TEXT, 0, "session", place, "the name of the session, in place of --gap",
         &l->session, .recorded = true},
        {OPTION_TEXT, 0, "sequence", place, "a whole number that orders rows of equal time",
         &l->sequence, .recorded = true},
        {OPTION_CHOICE, 0, "time-unit", "UNIT", "unit of the times; auto: iso, or by their digits",
         &l->time_unit, true, .choices = "auto|s|ms|us|ns|iso"},
        {OPTION_TEXT, 0, "time-format", "FORMAT",
         "form of the times, as strptime(3); %f: a fraction", &l->time_form, .recorded = true},
        {OPTION_CALL, 0, "where", c->where_value, "keep only such rows; != drops them", c, true,
         .call = add_where},
        {OPTION_CALL, 0, "carry", c->carry_value, "carry its values as codes", c, true,
         .call = add_carry},
        {0},
    };
    _Static_assert(sizeof rows <= sizeof c->rows, "room for the rows");
    memcpy(c->rows, rows, sizeof rows);
    return c->rows;
}

static const char *either(const char *given, const char *preset)
{
    return given ? given : preset;
}

/* What is given, the rest from the preset. */
static struct log_layout completed(const struct log_layout *given, const struct log_layout *preset)
{
    return (struct log_layout){
        .user = given->user_name ? NULL : either(given->user, preset->user),
        .user_name = given->user_name,
        .item = given->list ? given->item : either(given->item, preset->item),
        .list = given->item ? given->list : either(given->list, preset->list),
        .list_delimiter = either(given->list_delimiter, preset->list_delimiter),
        .time = either(given->time, preset->time),
        .session = either(given->session, preset->session),
        .sequence = either(given->sequence, preset->sequence),
        .delimiter = either(given->delimiter, preset->delimiter),
        .time_unit = either(given->time_unit, preset->time_unit),
        .time_form = given->time_unit ? NULL : given->time_form,
        .header = either(given->header, preset->header),
    };
}

/* Where sessions are made by a gap, the layout's column of sessions is not used. */
static int leave_sessions(struct log_columns *c, struct err *e)
{
    if (!c->by_gap || !c->layout.session)
        return 0;
    if (c->given.session)
        return err_set(e, STATUS_USAGE,
                       "--gap and --session exclude each other: both say where sessions begin");
    if (!c->layout.user && !c->layout.user_name)
        return err_set(e, STATUS_USAGE,
                       "--gap: in --preset %s each session is a user of its own: add --user %s",
                       c->preset, c->place ? c->place : "COLUMN");
    c->layout.session = NULL;
    return 0;
}

const char *log_byte_named(const char *text)
{
    return !strcmp(text, "tab") || !strcmp(text, "\\t") ? "\t" : text;
}

static const char *place_word(const struct log_columns *c)
{
    return c->place && !strcmp(c->place, "PATH") ? "path" : "column";
}

static int settle_list_delimiter(struct log_columns *c, struct err *e)
{
    const char *text = c->layout.list_delimiter;
    c->list_delimiter = '\0';
    if (!text)
        return 0;
    if (!c->layout.list)
        return err_set(e, STATUS_USAGE, "--list-delimiter is for a --list: which %s is it?",
                       place_word(c));
    c->list_delimiter = *log_byte_named(text);
    if (strlen(log_byte_named(text)) == 1)
        return 0;
    return err_set(e, STATUS_USAGE, "--list-delimiter '%s': it is one byte, or tab", text);
}

int log_columns_list(struct log_columns *c, struct bytes field, item_vec *items, struct err *e)
{
    vec_clear(items);
    if (!c->list_delimiter && !c->list_guess && !item_list_is_bracketed(field))
        c->list_guess = item_list_delimiter(field);
    if (item_list_split(field, c->list_delimiter ? c->list_delimiter : c->list_guess, items))
        return 0;
    return err_set(e, STATUS_DATA, "the list of items has a list in it");
}

/* A list's items have its column, and no time unless there is one. */
static int settle_list(struct log_columns *c, struct err *e)
{
    struct log_layout *l = &c->layout;
    c->next = NULL;
    if (settle_list_delimiter(c, e))
        return e->status;
    if (!l->list)
        return 0;
    if (c->by_gap)
        return err_set(e, STATUS_USAGE, "--list and --gap exclude each other: choose one");
    if (l->time && !c->no_time && c->order && strcmp(c->order, "oldest-first"))
        return err_set(e, STATUS_USAGE,
                       "--order %s: the items of a --list are in their order, those of equal "
                       "--time too",
                       c->order);
    c->next = l->item;
    l->item = l->list;
    return 0;
}

/* Where there are no times, the order of the log does not say where sessions begin, and no option
 * says anything of times. */
static int settle_time(struct log_columns *c, struct err *e)
{
    const char *of_times = c->given.time_unit   ? "time-unit"
                           : c->given.time_form ? "time-format"
                           : c->given.sequence  ? "sequence"
                                                : NULL;
    if (c->layout.list && !c->layout.time && !c->no_time && of_times)
        return err_set(e, STATUS_USAGE, "--%s is for a --time: which %s is it?", of_times,
                       place_word(c));
    if (!c->no_time)
        return 0;
    if (c->given.time || of_times)
        return err_set(e, STATUS_USAGE, "--no-time and --%s exclude each other: choose one",
                       c->given.time ? "time" : of_times);
    c->layout.time = NULL;
    if (c->layout.session || c->layout.list)
        return 0;
    return err_set(e, STATUS_USAGE,
                   "--no-time: where do sessions begin? --session %s or --list %s says that",
                   c->place ? c->place : "COLUMN", c->place ? c->place : "COLUMN");
}

/* The tests of the options, or those of the preset. */
static int choose_tests(struct log_columns *c, const struct log_preset *preset, struct err *e)
{
    c->tests = &c->where;
    if (!preset || c->where.len)
        return 0;
    c->tests = &c->preset_where;
    for (size_t i = 0; i < 2 && preset->where[i] && c->preset_where.len <= i; i++)
        if (log_columns_where(&c->preset_where, preset->where[i], e))
            return e->status;
    return 0;
}

int log_columns_settle(struct log_columns *c, const struct log_preset *preset, struct err *e)
{
    static const struct log_layout nothing;
    c->layout = completed(&c->given, preset ? &preset->layout : &nothing);
    if (leave_sessions(c, e) || settle_list(c, e) || settle_time(c, e) ||
        choose_tests(c, preset, e))
        return e->status;
    c->sessions = c->layout.session || c->layout.list;
    c->clock.form = c->layout.time_form;
    c->clock.unit = c->clock.form ? RAW_FORM : raw_unit_of(c->layout.time_unit);
    return raw_clock_check(&c->clock, e);
}

int log_columns_check(const struct log_columns *c, struct err *e)
{
    const struct log_layout *l = &c->layout;
    const char *place = c->place ? c->place : "COLUMN";
    if (!l->item)
        return err_set(e, STATUS_USAGE, "--item %s is missing: where is it?", place);
    if (!l->time && !c->no_time && !l->list)
        return err_set(e, STATUS_USAGE,
                       "--time %s is missing: where is it? --no-time is for a log without times",
                       place);
    if (!l->user && !l->session && !l->user_name && !l->list)
        return err_set(e, STATUS_USAGE,
                       "--user %s or --session %s is missing: where are they? --user-name NAME is "
                       "for a log of one user",
                       place, place);
    if (l->user_name && !*l->user_name)
        return err_set(e, STATUS_USAGE, "--user-name '': the name of the user is empty");
    if (c->given.user && c->given.user_name)
        return err_set(e, STATUS_USAGE, "--user and --user-name exclude each other: choose one");
    if (c->given.time_unit && c->given.time_form)
        return err_set(e, STATUS_USAGE,
                       "--time-unit and --time-format exclude each other: choose one");
    return 0;
}

int log_columns_open(struct log_columns *c, const struct log_preset *preset,
                     struct raw_format *format, struct err *e)
{
    if (preset && preset->carry && !carries_key_of(c, preset->carry) &&
        log_columns_carry(c, preset->carry, e))
        return e->status;
    for (size_t i = 0; i < c->carry.len; i++) {
        vec_push(&c->keys, c->carry.at[i].key);
        vec_push(&c->carried, ((struct bytes){NULL, 0}));
    }
    format->sessions = &c->sessions;
    format->carried = c->keys.at;
    format->carried_count = c->keys.len;
    format->clock = &c->clock;
    format->list_delimiter = &c->list_guess;
    return 0;
}

/* ---- places ---- */

int log_columns_place(struct log_columns *c,
                      int (*find)(void *state, const char *name, size_t *at, struct err *e),
                      void *state, struct err *e)
{
    const struct log_layout *l = &c->layout;
    const struct {
        const char *name;
        size_t *at;
    } usual[] = {{l->user, &c->user},       {l->item, &c->item},    {l->time, &c->time},
                 {l->session, &c->session}, {c->next, &c->next_at}, {l->sequence, &c->sequence}};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        *usual[i].at = COLUMN_NONE;
        if (usual[i].name && find(state, usual[i].name, usual[i].at, e))
            return e->status;
    }
    for (size_t i = 0; i < c->tests->len; i++)
        if (find(state, c->tests->at[i].column, &c->tests->at[i].at, e))
            return e->status;
    for (size_t i = 0; i < c->carry.len; i++)
        if (find(state, c->carry.at[i].column, &c->carry.at[i].at, e))
            return e->status;
    return 0;
}

/* ---- rows ---- */

static bool has_value(const struct column_test *test, struct bytes field)
{
    if (test->begins && field.len > test->value.len)
        field.len = test->value.len;
    return bytes_equal(field, test->value);
}

static bool is_wanted(const struct log_columns *c, const struct bytes *fields)
{
    const struct column_test *tests = c->tests->at;
    for (size_t i = 0; i < c->tests->len; i++) {
        bool found = false;
        for (size_t k = 0; k < c->tests->len && !found; k++)
            if (tests[k].at == tests[i].at && tests[k].differs == tests[i].differs)
                found = has_value(&tests[k], fields[tests[k].at]);
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

/* The session that the row names, or the number of the record that is one. */
static struct bytes session_of(const struct log_columns *c, const struct bytes *fields)
{
    return c->session == COLUMN_NONE ? bytes_of(c->record) : fields[c->session];
}

static struct bytes user_of(const struct log_columns *c, const struct bytes *fields)
{
    if (c->layout.user_name)
        return bytes_of(c->layout.user_name);
    return c->user == COLUMN_NONE ? session_of(c, fields) : fields[c->user];
}

static int read_time(struct log_columns *c, const struct bytes *fields, struct raw_row *row,
                     struct err *e)
{
    if (c->time != COLUMN_NONE)
        return raw_time(&c->clock, "time", fields[c->time], row, e);
    row->time = c->counted - 1;
    row->order = 0;
    return 0;
}

void log_columns_record(struct log_columns *c)
{
    c->records++;
    if (c->layout.list)
        snprintf(c->record, sizeof c->record, "%" PRIu64, c->records);
}

int log_columns_row(struct log_columns *c, const struct bytes *fields, struct raw_row *row,
                    struct err *e)
{
    c->counted++;
    if (!is_wanted(c, fields))
        return RAW_UNWANTED;
    row->user = user_of(c, fields);
    if (!row->user.len)
        return RAW_NOBODY;
    row->item = fields[c->item];
    if (raw_name("user", row->user, e) || raw_name("item", row->item, e) ||
        read_time(c, fields, row, e))
        return e->status;
    if (c->sessions) {
        row->session = session_of(c, fields);
        if (raw_name("session", row->session, e))
            return e->status;
    }
    if (c->sequence != COLUMN_NONE && read_sequence(fields[c->sequence], &row->order, e))
        return e->status;
    for (size_t i = 0; i < c->carry.len; i++)
        c->carried.at[i] = fields[c->carry.at[i].at];
    row->carried = c->carried.at;
    return 0;
}

static void release_tests(column_tests *tests)
{
    for (size_t i = 0; i < tests->len; i++)
        mem_free((char *)(size_t)tests->at[i].column);
    vec_release(tests);
}

void log_columns_release(struct log_columns *c)
{
    mem_free(c->preset_names);
    mem_free(c->where_value);
    mem_free(c->carry_value);
    release_tests(&c->where);
    release_tests(&c->preset_where);
    for (size_t i = 0; i < c->carry.len; i++)
        mem_free((char *)(size_t)c->carry.at[i].key);
    vec_release(&c->carry);
    vec_release(&c->carried);
    vec_release(&c->keys);
}
