/* Joins what several devices know of the scores of a teacher (nn/ops.h, struct taught), each of a
 * part of the items. */
#ifndef NN_TAUGHT_H
#define NN_TAUGHT_H

#include <math.h>

#include "nn/ops.h"

/* Lets the sums of the rows of a chunk be those of all items: reference, sum and both [rows] = a
 * number near the maximum of the teacher's scores, Σ e^(score - reference), and of these times the
 * student's scores.  room: [rows]. */
static inline void taught_join(const struct output_join *j, int first, int rows, float *reference,
                               double *sum, double *both, float *room)
{
    for (int i = 0; i < rows; i++)
        room[i] = reference[i];
    j->sums(j, first, rows, reference, sum, NULL);
    for (int i = 0; i < rows; i++) {
        both[i] *= exp((double)room[i] - (double)reference[i]);
        room[i] = 0; /* of all parts, so that the sums are added up */
    }
    j->sums(j, first, rows, room, both, NULL);
}

#endif
