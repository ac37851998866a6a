/* The CPU's search for the best items in 8-bit copies of the weights, exact all the same.
 *
 * Reading the weights is most of the time that the best items of few states take, and a copy in 8
 * bits is a quarter of them.  Each weight w_ij is scale_i q_ij + e_ij with |q_ij| <= 127.  For a
 * state h,
 *
 *     |h·w_i + b_i - (scale_i h·q_i + b_i)| = |h·e_i| <= ‖h‖ ‖e_i‖,
 *
 * to which the bounds of both sums' rounding are added.  So each item's score as output_rank
 * computes it lies between two numbers.  An item whose upper number is below the k-th best lower
 * number is none of the k best; the scores of the others, a few more than k, are computed from the
 * weights themselves. */
#ifndef NN_CPU_QUANTIZED_H
#define NN_CPU_QUANTIZED_H

#include "nn/cpu.h"

enum { QUANTIZED_BLOCK = 64 }; /* items side by side: a vector has one number of each */

struct quantized {
    int items, width, blocks;
    int8_t *weight; /* [blocks, H, QUANTIZED_BLOCK] q; zeros beyond the last item */
    float *scale;   /* [blocks · QUANTIZED_BLOCK] */
    /* [blocks · QUANTIZED_BLOCK] ‖e_i‖ and what rounding adds: times ‖h‖, how far a score without
     * its bias may be from the one by q */
    float *reach;
};

/* As operation output_best; false, with nothing done: the copy would not pay, or there are numbers
 * for which its bounds do not hold. */
bool quantized_best(struct cpu *cpu, const struct output_layer *o, const struct quantized *q, int k,
                    int32_t *item, float *score);

#endif
