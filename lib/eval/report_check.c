#include "eval/report_check.h"

#include <inttypes.h>
#include <stdio.h>

/* The first run of the model of the run. */
static size_t first_run_of(const struct report *r, size_t run)
{
    size_t i = 0;
    while (r->runs.at[i].model != r->runs.at[run].model)
        i++;
    return i;
}

/* "run 1 (b.mp) and run 0 (a.mp)" */
enum { BOTH = 400 };
static const char *both(const struct report *r, size_t run, size_t other, char to[BOTH])
{
    snprintf(to, BOTH, "run %zu (%.150s) and run %zu (%.150s)", run, r->runs.at[run].from.file,
             other, r->runs.at[other].from.file);
    return to;
}

int report_check_seeds(const struct report *r, struct err *e)
{
    size_t run = r->runs.len - 1;
    const struct report_run *now = &r->runs.at[run];
    char which[BOTH];
    for (size_t i = first_run_of(r, run); i < run; i++) {
        const struct report_run *before = &r->runs.at[i];
        if (before->model == now->model &&
            bytes_equal((struct bytes){before->seeds.at, before->seeds.len},
                        (struct bytes){now->seeds.at, now->seeds.len}))
            return err_set(e, STATUS_DATA,
                           "%s are the same model with the same seeds, so that a mean over both "
                           "would count one run twice: give each run once, and train runs of a "
                           "model with different --seed",
                           both(r, run, i, which));
    }
    return 0;
}

static enum part part_of(const struct report_run *run)
{
    return run->run.passes.at[run->run.best].epoch.part;
}

const struct targets *report_targets(const struct report_run *run)
{
    return &run->targets[part_of(run)];
}

/* ---- runs of one model ---- */

static int check_model(const struct report *r, size_t run, struct err *e)
{
    size_t other = first_run_of(r, run);
    const struct report_run *a = &r->runs.at[run], *b = &r->runs.at[other];
    const struct targets *x = report_targets(a), *y = report_targets(b);
    char which[BOTH];
    if (part_of(a) == part_of(b) && targets_same(x, y))
        return 0;
    return err_set(e, STATUS_DATA,
                   "%s are runs of one model on different data (%" PRIu64 " targets of the %s part "
                   "and %" PRIu64 "%s of the %s part), whose mean says nothing: make both from one "
                   "split, or score them separately",
                   both(r, run, other, which), x->count, part_name[part_of(a)], y->count,
                   x->count == y->count ? " others" : "", part_name[part_of(b)]);
}

int report_check_validation(const struct report *r, size_t run, size_t other, struct err *e)
{
    char which[BOTH];
    if (targets_same(&r->runs.at[run].targets[PART_VALIDATION],
                     &r->runs.at[other].targets[PART_VALIDATION]))
        return 0;
    return err_set(e, STATUS_DATA,
                   "%s have different targets in their validation parts, so that neither is the "
                   "better one: make both from one split",
                   both(r, run, other, which));
}

/* ---- runs that are compared ---- */

struct name_difference {
    size_t count; /* names in one of the two only */
    int32_t first;
    bool in_a; /* the first one */
};

/* The names in only one of two runs, each of which has no name twice. */
static struct name_difference names_in_one(const i32_vec *a, const i32_vec *b, int32_t names)
{
    struct name_difference d = {0};
    unsigned char *in = mem_zero((size_t)names, sizeof *in);
    for (size_t i = 0; i < a->len; i++)
        in[a->at[i]] |= 1;
    for (size_t i = 0; i < b->len; i++)
        in[b->at[i]] |= 2;
    for (int32_t i = 0; i < names; i++)
        if ((in[i] == 1 || in[i] == 2) && !d.count++) {
            d.first = i;
            d.in_a = in[i] == 1;
        }
    mem_free(in);
    return d;
}

enum { SHOWN = 64 };
static const char *shown(const struct names *names, int32_t id, char to[SHOWN])
{
    struct bytes name = names_at(names, id);
    size_t n = name.len < SHOWN - 1 ? name.len : SHOWN - 1;
    memcpy(to, name.at, n);
    to[n] = '\0';
    return to;
}

static int check_names(const struct report *r, size_t run, const char *what,
                       const struct names *names, const i32_vec *a, const i32_vec *b, struct err *e)
{
    struct name_difference d = names_in_one(a, b, names_count(names));
    char which[BOTH], name[SHOWN];
    if (!d.count)
        return 0;
    return err_set(e, STATUS_DATA,
                   "%s are not of one data set: %ss in only one of them: %zu, first \"%s\", in "
                   "%s; make both from one split, by tfilter",
                   both(r, run, 0, which), what, d.count, shown(names, d.first, name),
                   d.in_a ? "the former" : "the latter");
}

static int check_targets(struct report *r, size_t run, struct err *e)
{
    struct report_run *a = &r->runs.at[run], *b = &r->runs.at[0];
    enum part part = part_of(a);
    char which[BOTH], user[SHOWN], item[SHOWN], base_item[SHOWN];
    struct targets_difference d =
        targets_compare(&a->targets[part], &b->targets[part], !a->from.text && !b->from.text);
    if (!d.others)
        return 0;
    return err_set(e, STATUS_DATA,
                   "%s have different targets at %" PRIu64 " of %" PRIu64 " common places, first "
                   "user \"%s\", session %d, position %d: \"%s\" and \"%s\": they come from "
                   "different splits or logs; make both from one split, by tfilter",
                   both(r, run, 0, which), d.others, d.common, shown(&r->users, d.first.user, user),
                   (int)d.first.session, (int)d.first.position,
                   shown(&r->items, d.first.item, item), shown(&r->items, d.base.item, base_item));
}

static int check_base(struct report *r, size_t run, struct err *e)
{
    struct report_run *a = &r->runs.at[run], *b = &r->runs.at[0];
    char which[BOTH];
    if (part_of(a) != part_of(b))
        return err_set(e, STATUS_DATA,
                       "%s are scored on different parts, the %s part and the %s part: nothing to "
                       "compare",
                       both(r, run, 0, which), part_name[part_of(a)], part_name[part_of(b)]);
    bool named = !a->from.text && !b->from.text;
    if (named && (check_names(r, run, "user", &r->users, &a->users, &b->users, e) ||
                  check_names(r, run, "item", &r->items, &a->items, &b->items, e)))
        return e->status;
    int status = check_targets(r, run, e);
    for (int part = 0; part <= PART_TEST; part++)
        vec_release(&a->targets[part].at);
    return status;
}

int report_check_run(struct report *r, struct err *e)
{
    size_t run = r->runs.len - 1;
    if (check_model(r, run, e))
        return e->status;
    return r->compare && run ? check_base(r, run, e) : 0;
}
