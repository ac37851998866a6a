/* What the wide part adds, an item at a time, against the equation in double: with drawn weights,
 * and with those that are compiled in. */
#include "model/wide_score.h"

#include <math.h>
#include <stdbool.h>

#include "base/random.h"
#include "model/wide_ready.h"
#include "../tap.h"

static struct random drawn;

static float draw(void)
{
    return (float)random_below(&drawn, 1 << 20) / (1 << 19) - 1;
}

static const float *drawn_values(float *to, int n)
{
    for (int i = 0; i < n; i++)
        to[i] = draw();
    return to;
}

struct plain_weights {
    float w1[WIDE_HIDDEN * EVIDENCE_FEATURES], b1[WIDE_HIDDEN], wz[WIDE_HIDDEN * EVIDENCE_CONTEXT],
        w2[WIDE_HIDDEN], ws[EVIDENCE_FEATURES], prior;
};

static void set(struct wide_weights *w, const struct plain_weights *p)
{
    wide_weights_set(w, "wide_features.weight", p->w1);
    wide_weights_set(w, "wide_features.bias", p->b1);
    wide_weights_set(w, "wide_context.weight", p->wz);
    wide_weights_set(w, "wide_score.weight", p->w2);
    wide_weights_set(w, "wide_direct.weight", p->ws);
    wide_weights_set(w, "wide_prior.weight", &p->prior);
    wide_weights_set(w, "wide_deep.weight", &p->prior); /* of no interest here */
}

/* δ(φ, z), and in *size the sum of its terms without signs. */
static double plain_score(const struct plain_weights *p, const float *phi, const float *z,
                          double *size)
{
    double sum = *size = 0;
    for (int f = 0; f < EVIDENCE_FEATURES; f++) {
        sum += (double)p->ws[f] * (double)phi[f];
        *size += fabs((double)p->ws[f] * (double)phi[f]);
    }
    for (int h = 0; h < WIDE_HIDDEN; h++) {
        double unit = (double)p->b1[h];
        for (int f = 0; f < EVIDENCE_FEATURES; f++)
            unit += (double)p->w1[h * EVIDENCE_FEATURES + f] * (double)phi[f];
        for (int c = 0; c < EVIDENCE_CONTEXT; c++)
            unit += (double)p->wz[h * EVIDENCE_CONTEXT + c] * (double)z[c];
        sum += (double)p->w2[h] * (unit > 0 ? unit : 0);
        *size += fabs((double)p->w2[h] * unit);
    }
    return sum;
}

/* The largest error over some drawn items, as a share of the terms' size. */
static double largest_error(const struct wide_weights *w, const struct plain_weights *p)
{
    double worst = 0, size;
    float phi[EVIDENCE_FEATURES], z[EVIDENCE_CONTEXT], hidden[WIDE_HIDDEN];
    for (int i = 0; i < 200; i++) {
        drawn_values(phi, EVIDENCE_FEATURES);
        drawn_values(z, EVIDENCE_CONTEXT);
        wide_score_context(w, z, hidden);
        double want = plain_score(p, phi, z, &size);
        worst = fmax(worst, fabs((double)wide_score(w, hidden, phi) - want) / (1 + size));
    }
    return worst;
}

static const float *ready(const char *name, size_t count)
{
    for (const struct wide_ready *r = wide_ready; r->name; r++)
        if (!strcmp(r->name, name) && r->count == count)
            return r->value;
    return NULL;
}

/* The compiled table in the form of this test; false: a tensor is missing, or of another size. */
static bool take_ready(struct plain_weights *p)
{
    const struct {
        const char *name;
        float *to;
        size_t count;
    } of[] = {{"wide_features.weight", p->w1, WIDE_HIDDEN * EVIDENCE_FEATURES},
              {"wide_features.bias", p->b1, WIDE_HIDDEN},
              {"wide_context.weight", p->wz, WIDE_HIDDEN * EVIDENCE_CONTEXT},
              {"wide_score.weight", p->w2, WIDE_HIDDEN},
              {"wide_direct.weight", p->ws, EVIDENCE_FEATURES},
              {"wide_prior.weight", &p->prior, 1}};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        const float *value = ready(of[i].name, of[i].count);
        if (!value)
            return false;
        memcpy(of[i].to, value, of[i].count * sizeof *value);
    }
    return true;
}

int main(void)
{
    struct plain_weights p;
    struct wide_weights w;
    drawn = random_of(5, 0);
    drawn_values(p.w1, (int)(sizeof p / sizeof(float)));
    set(&w, &p);
    double error = largest_error(&w, &p);
    tap_ok(error < 1e-6, "drawn weights: within %.1e of the terms", error);
    tap_ok(w.prior == p.prior, "the weight of the prior");

    tap_ok(take_ready(&p), "the compiled weights are all there, of their sizes");
    wide_weights_ready(&w);
    error = largest_error(&w, &p);
    tap_ok(error < 1e-6, "compiled weights: within %.1e of the terms", error);
    tap_ok(w.prior == p.prior, "the weight of the prior");
    return tap_done();
}
