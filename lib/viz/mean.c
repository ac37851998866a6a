#include "viz/mean.h"

#include <math.h>

void means_add(struct means *m, size_t group, double weight, double relative)
{
    while (m->at.len <= group)
        vec_push(&m->at, (struct mean){0});
    struct mean *x = &m->at.at[group];
    if (x->c == 0)
        vec_push(&m->touched, group);
    x->count++;
    x->weight += weight;
    x->relative += relative;
    x->s += relative;
    x->c++;
}

void means_end_session(struct means *m)
{
    for (size_t i = 0; i < m->touched.len; i++) {
        struct mean *x = &m->at.at[m->touched.at[i]];
        x->sessions++;
        x->ss += x->s * x->s;
        x->sc += x->s * x->c;
        x->cc += x->c * x->c;
        x->s = x->c = 0;
    }
    vec_clear(&m->touched);
}

void means_clear(struct means *m)
{
    vec_clear(&m->at);
    vec_clear(&m->touched);
}

void means_release(struct means *m)
{
    vec_release(&m->at);
    vec_release(&m->touched);
}

double mean_relative(const struct mean *m)
{
    return m->count ? m->relative / (double)m->count : NAN;
}

double mean_weight(const struct mean *m)
{
    return m->count ? m->weight / (double)m->count : NAN;
}

double mean_error(const struct mean *m)
{
    if (m->sessions < 2)
        return NAN;
    double r = mean_relative(m), k = (double)m->sessions;
    double residue = m->ss - 2 * r * m->sc + r * r * m->cc;
    return sqrt(fmax(residue, 0) * k / (k - 1)) / (double)m->count;
}
