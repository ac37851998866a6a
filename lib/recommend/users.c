#include "recommend/users.h"

void people_item(struct people *p, struct bytes name, const struct names *known)
{
    int32_t row = names_find(known, name);
    vec_push(&p->row, row);
    p->items_unknown += row < 0;
}

void people_user(struct people *p, struct bytes name, const struct names *known)
{
    vec_push(&p->at, ((struct person){.known = names_find(known, name)}));
}

/* The oldest makes room. */
static void forget_oldest(struct person *user)
{
    mem_free(user->visits.at[0].item);
    user->visits.len--;
    memmove(user->visits.at, user->visits.at + 1, user->visits.len * sizeof *user->visits.at);
}

void people_session(struct people *p, const struct session *s)
{
    struct person *user = &p->at.at[s->user];
    struct visit visit = {.start = s->times[0], .item = mem_alloc(s->count * sizeof *visit.item)};
    for (size_t i = 0; i < s->count; i++)
        if (p->row.at[s->items[i]] >= 0)
            visit.item[visit.count++] = p->row.at[s->items[i]];
    p->events += (int64_t)s->count;
    p->unknown += (int64_t)s->count - visit.count;
    if (!visit.count) {
        mem_free(visit.item);
        return;
    }
    if (p->keep && user->visits.len == (size_t)p->keep)
        forget_oldest(user);
    vec_push(&user->visits, visit);
}

void people_release(struct people *p)
{
    for (size_t i = 0; i < p->at.len; i++) {
        for (size_t j = 0; j < p->at.at[i].visits.len; j++)
            mem_free(p->at.at[i].visits.at[j].item);
        vec_release(&p->at.at[i].visits);
    }
    vec_release(&p->at);
    vec_release(&p->row);
}
