/* The optimizers' equations in double precision, and settings at which they could fail: what the
 * tests of dense updates and of updates by rows share. */
#ifndef TESTS_NN_UPDATE_REFERENCE_H
#define TESTS_NN_UPDATE_REFERENCE_H

#include "reference.h"

struct moments {
    double w, m, v;
};

/* One step for one weight; the equations of nn/maths.h, written again. */
static inline void reference_update(const struct update *u, bool momentum, double g,
                                    struct moments *x)
{
    g = g * (double)u->scale + (double)u->weight_decay * x->w;
    if (u->kind == OPTIMIZER_ADAM) {
        x->m = 0.9 * x->m + 0.1 * g;
        x->v = 0.999 * x->v + 0.001 * g * g;
        double m = x->m / (1 - pow(0.9, (double)u->step));
        double v = x->v / (1 - pow(0.999, (double)u->step));
        x->w -= (double)u->rate * m / (sqrt(v) + 1e-8);
    } else if (u->kind == OPTIMIZER_ADAGRAD) {
        x->v += g * g;
        double step = (double)u->rate * g / sqrt(x->v + 1e-6);
        x->m = (momentum ? (double)u->momentum * x->m : 0) - step;
        x->w += x->m;
    } else {
        x->m = momentum ? (double)u->momentum * x->m + g : g;
        x->w -= (double)u->rate * x->m;
    }
}

/* An optimizer's settings, with gradients of up to `size`. */
struct update_setting {
    struct update u;
    bool momentum;
    float size;
};

static const char *const optimizer_name[] = {"sgd", "adam", "adagrad"};

/* Calls `worst_of_setting`, which returns how far weights are off, for all combinations of zeros,
 * tiny numbers and usual ones, and for gradients whose squares leave the range of floats.  Those
 * gradients come with rates that move no weight. */
static inline void check_edges(double (*worst_of_setting)(const struct update_setting *s),
                               const char *name)
{
    static const float rate[] = {0, 1e-30f, 0.001f}, momentum[] = {0, 1e-30f, 1},
                       decay[] = {0, 1e-30f, 0.01f}, scale[] = {0, 1e-38f, 1},
                       size[] = {0, 1e-38f, 1e-22f, 1, 1e20f};
    for (int kind = 0; kind < 3; kind++)
        for (int z = 0; z < 5; z++) {
            double worst = 0;
            for (int i = 0; i < (z == 4 ? 54 : 81); i++) {
                struct update_setting s = {.u = {.kind = (enum optimizer_kind)kind,
                                                 .momentum = momentum[i % 3],
                                                 .weight_decay = decay[i / 3 % 3],
                                                 .scale = scale[i / 9 % 3],
                                                 .rate = rate[i / 27]},
                                           .momentum = kind == OPTIMIZER_ADAM || i % 3,
                                           .size = size[z]};
                if (kind != OPTIMIZER_ADAM || i % 3 == 0) /* it has its own momentum */
                    worst = worse(worst, worst_of_setting(&s));
            }
            tap_ok(worst < 1e-5, "%s, %s, gradients up to %g, all settings: worst %.1e", name,
                   optimizer_name[kind], (double)size[z], worst);
        }
}

#endif
