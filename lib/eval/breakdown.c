#include "eval/breakdown.h"

#include <stdio.h>

/* ---- by whole numbers ---- */

/* Numbers from here on are one group, which bounds the number of groups. */
enum { LAST = 1000 };

static void label_number(int number, char to[GROUP_NAME])
{
    snprintf(to, GROUP_NAME, "%d%s", number, number == LAST ? "+" : "");
}

static int position_group(const struct target *t, const struct popularity *p)
{
    (void)p;
    return t->position < LAST - 1 ? t->position : LAST - 1;
}

static void position_label(int group, const struct popularity *p, char to[GROUP_NAME])
{
    (void)p;
    label_number(group + 1, to);
}

static int length_group(const struct target *t, const struct popularity *p)
{
    (void)p;
    return t->length < LAST ? t->length : LAST;
}

static void length_label(int group, const struct popularity *p, char to[GROUP_NAME])
{
    (void)p;
    label_number(group, to);
}

static int history_number(const struct target *t, const struct popularity *p)
{
    (void)p;
    return t->history < LAST ? t->history : LAST;
}

void breakdown_range(int low, int high, char to[GROUP_NAME])
{
    if (low == high)
        label_number(low, to);
    else
        snprintf(to, GROUP_NAME, "%d-%d%s", low, high, high == LAST ? "+" : "");
}

static int day_group(const struct target *t, const struct popularity *p)
{
    (void)p;
    return t->day < LAST - 1 ? t->day : LAST - 1; /* not known: -1, NO_GROUP */
}

/* ---- by words ---- */

/* Short and long histories, divided as by Quadrana et al. 2017 (HRNN). */
static int history_group(const struct target *t, const struct popularity *p)
{
    (void)p;
    return t->history > 6;
}

static void history_label(int group, const struct popularity *p, char to[GROUP_NAME])
{
    (void)p;
    snprintf(to, GROUP_NAME, "%s", group ? ">6" : "<=6");
}

/* How little is known of the user. */
static int cold_group(const struct target *t, const struct popularity *p)
{
    (void)p;
    return (t->history > 0) + (t->history > 3);
}

static void cold_label(int group, const struct popularity *p, char to[GROUP_NAME])
{
    static const char *const name[] = {"0", "1-3", ">3"};
    (void)p;
    snprintf(to, GROUP_NAME, "%s", name[group]);
}

/* Beginning, middle and end of sessions of 5 events or more: targets 1 and 2, 3 and 4, the others
 * (Quadrana et al. 2017). */
static int phase_group(const struct target *t, const struct popularity *p)
{
    (void)p;
    if (t->length < 5)
        return NO_GROUP;
    return t->position < 2 ? 0 : t->position < 4 ? 1 : 2;
}

static void phase_label(int group, const struct popularity *p, char to[GROUP_NAME])
{
    static const char *const name[] = {"beginning", "middle", "end"};
    (void)p;
    snprintf(to, GROUP_NAME, "%s", name[group]);
}

static int seen_group(const struct target *t, const struct popularity *p)
{
    (void)p;
    return t->train == 0;
}

static void seen_label(int group, const struct popularity *p, char to[GROUP_NAME])
{
    (void)p;
    snprintf(to, GROUP_NAME, "%s", group ? "unseen" : "seen");
}

/* Repeat consumption and exploration (Anderson et al. 2014). */
static int repeat_group(const struct target *t, const struct popularity *p)
{
    (void)p;
    return t->seen < 0 ? NO_GROUP : !t->seen;
}

static void repeat_label(int group, const struct popularity *p, char to[GROUP_NAME])
{
    (void)p;
    snprintf(to, GROUP_NAME, "%s", group ? "explore" : "repeat");
}

/* ---- by popularity ---- */

static int by_popularity(const struct target *t, const struct popularity *p)
{
    return popularity_group(p, t->train);
}

static void popularity_label(int group, const struct popularity *p, char to[GROUP_NAME])
{
    int32_t low = popularity_low(p, group), high = popularity_high(p, group);
    if (low == high)
        snprintf(to, GROUP_NAME, "%d", (int)low);
    else
        snprintf(to, GROUP_NAME, "%d-%d", (int)low, (int)high);
}

/* ---- all ---- */

#define BY(by, what, group_of, label_of, ...)                                                      \
    {                                                                                              \
        .name = by, .axis = what, .group = group_of, .label = label_of, __VA_ARGS__                \
    }

/* clang-format off */
const struct breakdown breakdowns[] = {
    BY("position", "position in the session", position_group, position_label,
       .up_to = "position-up-to"),
    BY("history", "earlier sessions of the user", history_group, history_label, .history = true),
    BY("history-quarters", "earlier sessions of the user", history_number, length_label,
       .history = true, .quarters = true),
    BY("cold", "earlier sessions of users little known", cold_group, cold_label, .history = true),
    BY("length", "events of the session", length_group, length_label, .length = true),
    BY("length-quarters", "events of the session", length_group, length_label, .length = true,
       .quarters = true),
    BY("phase", "part of the session", phase_group, phase_label, .length = true),
    BY("popularity", "times in the training part", by_popularity, popularity_label,
       .train = true),
    BY("seen", "whether training has seen the target", seen_group, seen_label, .train = true),
    BY("day", "day on which the session ended", day_group, position_label, .day = true,
       .optional = true),
    BY("repeat", "repeat: the user had the target before; explore: not", repeat_group,
       repeat_label, .optional = true),
    {.name = NULL},
};
/* clang-format on */

const struct breakdown *const breakdown_repeat = &breakdowns[BREAKDOWNS - 1];

_Static_assert(sizeof breakdowns / sizeof *breakdowns == BREAKDOWNS + 1, "BREAKDOWNS counts them");

static const struct breakdown *find(const char *name, size_t n)
{
    for (const struct breakdown *b = breakdowns; b->name; b++)
        if (bytes_equal((struct bytes){name, n}, bytes_of(b->name)))
            return b;
    return NULL;
}

static bool has(const struct breakdown_list *l, const struct breakdown *b)
{
    for (int i = 0; i < l->count; i++)
        if (l->at[i] == b)
            return true;
    return false;
}

static int no_breakdown(const char *text, size_t n, struct err *e)
{
    char all[200] = "";
    size_t at = 0;
    for (const struct breakdown *b = breakdowns; b->name; b++)
        at += (size_t)snprintf(all + at, sizeof all - at, "%s, ", b->name);
    return err_set(e, STATUS_USAGE,
                   "\"%.*s\" is no breakdown: possible are %sall and none, and alone user", (int)n,
                   text, all);
}

int breakdown_list_parse(struct breakdown_list *l, const char *text, struct err *e)
{
    *l = (struct breakdown_list){0};
    if (!strcmp(text, "none"))
        return 0;
    if (!strcmp(text, "all")) {
        l->all = true;
        for (; l->count < BREAKDOWNS; l->count++)
            l->at[l->count] = &breakdowns[l->count];
        return 0;
    }
    for (const char *at = text;; at++) {
        size_t n = strcspn(at, ",");
        const struct breakdown *b = find(at, n);
        if (!b)
            return no_breakdown(at, n, e);
        if (has(l, b))
            return err_set(e, STATUS_USAGE, "%s is there twice", b->name);
        l->at[l->count++] = b;
        at += n;
        if (*at)
            continue;
        if (!has(l, breakdown_repeat))
            l->at[l->count++] = breakdown_repeat;
        return 0;
    }
}
