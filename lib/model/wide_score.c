#include "model/wide_score.h"

#include <string.h>

#include "model/wide_ready.h"

static void transpose(float *to, const float *from, int columns)
{
    for (int h = 0; h < WIDE_HIDDEN; h++)
        for (int c = 0; c < columns; c++)
            to[c * WIDE_HIDDEN + h] = from[h * columns + c];
}

void wide_weights_set(struct wide_weights *w, const char *name, const float *value)
{
    if (!strcmp(name, "wide_features.weight"))
        transpose(w->feature[0], value, EVIDENCE_FEATURES);
    else if (!strcmp(name, "wide_context.weight"))
        transpose(w->context[0], value, EVIDENCE_CONTEXT);
    else if (!strcmp(name, "wide_features.bias"))
        memcpy(w->bias, value, sizeof w->bias);
    else if (!strcmp(name, "wide_score.weight"))
        memcpy(w->score, value, sizeof w->score);
    else if (!strcmp(name, "wide_direct.weight"))
        memcpy(w->direct, value, sizeof w->direct);
    else if (!strcmp(name, "wide_prior.weight"))
        w->prior = *value;
}

void wide_weights_ready(struct wide_weights *w)
{
    *w = (struct wide_weights){.prior = 0};
    for (const struct wide_ready *r = wide_ready; r->name; r++)
        wide_weights_set(w, r->name, r->value);
}

void wide_score_context(const struct wide_weights *w, const float z[EVIDENCE_CONTEXT],
                        float hidden[WIDE_HIDDEN])
{
    memcpy(hidden, w->bias, sizeof w->bias);
    for (int c = 0; c < EVIDENCE_CONTEXT; c++)
        for (int h = 0; h < WIDE_HIDDEN; h++)
            hidden[h] += w->context[c][h] * z[c];
}

float wide_score(const struct wide_weights *w, const float hidden[WIDE_HIDDEN],
                 const float phi[EVIDENCE_FEATURES])
{
    float unit[WIDE_HIDDEN], sum = 0;
    memcpy(unit, hidden, sizeof unit);
    for (int f = 0; f < EVIDENCE_FEATURES; f++) {
        sum += w->direct[f] * phi[f];
        for (int h = 0; h < WIDE_HIDDEN; h++)
            unit[h] += w->feature[f][h] * phi[f];
    }
    for (int h = 0; h < WIDE_HIDDEN; h++)
        sum += w->score[h] * (unit[h] > 0 ? unit[h] : 0);
    return sum;
}
