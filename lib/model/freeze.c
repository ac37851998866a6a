/* What of a model does not learn. */
#include <string.h>

#include "base/buf.h"
#include "model/model.h"
#include "model/wide_part.h"

/* The part of the list from `at` on up to a comma; false: there is none. */
static bool next_name(const char **at, struct bytes *name)
{
    if (!*at)
        return false;
    size_t len = strcspn(*at, ",");
    *name = (struct bytes){*at, len};
    *at = (*at)[len] ? *at + len + 1 : NULL;
    return true;
}

bool model_freezes(const char *list, const char *name)
{
    struct bytes one;
    while (next_name(&list, &one))
        if (bytes_equal(one, bytes_of(name)))
            return true;
    return false;
}

/* Whether the name means the parameter, alone or among others. */
static bool names_parameter(struct bytes name, const char *parameter)
{
    bool wide = wide_part_owns(parameter);
    if (bytes_equal(name, bytes_of("network")))
        return !wide;
    if (bytes_equal(name, bytes_of("wide")))
        return wide;
    return name.len && !strncmp(parameter, name.at, name.len) &&
           (!parameter[name.len] || parameter[name.len] == '.');
}

static int no_such(const struct model *m, struct bytes name, struct err *e)
{
    struct buf all = {0};
    for (size_t i = 0; i < m->parameters.list.len; i++)
        buf_format(&all, "%s%s", i ? ", " : "", m->parameters.list.at[i]->name);
    buf_byte(&all, 0);
    err_set(e, STATUS_USAGE, "--freeze %.*s: the model has %s", (int)name.len, (char *)name.at,
            all.at);
    buf_release(&all);
    return e->status;
}

static bool all_frozen(const struct model *m, bool wide)
{
    for (size_t i = 0; i < m->parameters.list.len; i++) {
        const struct parameter *p = m->parameters.list.at[i];
        if (wide_part_owns(p->name) == wide && !p->frozen)
            return false;
    }
    return true;
}

/* Whether one of the list's names means the parameter. */
static bool list_has(const char *list, const char *parameter)
{
    struct bytes name;
    while (next_name(&list, &name))
        if (names_parameter(name, parameter))
            return true;
    return false;
}

static bool learns(const char *parameter, enum turn turn)
{
    bool wide = wide_part_owns(parameter), factor = wide_part_weighs(parameter);
    switch (turn) {
    case TURN_NETWORK:
        return !wide;
    case TURN_WIDE:
        return wide && !factor;
    case TURN_WORTH:
        return factor || wide_part_sums(parameter);
    default:
        return wide;
    }
}

void model_turn(struct model *m, enum turn turn)
{
    static const enum frozen frozen[] = {FROZEN_WIDE, FROZEN_ABSENT, FROZEN_NETWORK,
                                         FROZEN_NETWORK};
    m->frozen = frozen[turn];
    for (size_t i = 0; i < m->parameters.list.len; i++) {
        struct parameter *p = m->parameters.list.at[i];
        p->frozen = !learns(p->name, turn) || list_has(m->freezes, p->name);
    }
}

int model_freeze(struct model *m, const char *list, struct err *e)
{
    const char *at = m->freezes = list;
    struct bytes name;
    while (next_name(&at, &name)) {
        bool any = false;
        for (size_t i = 0; i < m->parameters.list.len; i++) {
            struct parameter *p = m->parameters.list.at[i];
            bool named = names_parameter(name, p->name);
            p->frozen |= named;
            any |= named;
        }
        if (!any)
            return no_such(m, name, e);
    }
    bool network = all_frozen(m, false), wide = all_frozen(m, true);
    if (network && wide)
        return err_set(e, STATUS_USAGE, "--freeze %s leaves nothing to learn", list);
    if (m->wide && !m->class->wide_alone)
        m->frozen = network ? FROZEN_NETWORK : wide ? FROZEN_WIDE : FROZEN_NONE;
    return 0;
}
