#include "index/largest.h"

size_t largest_first(valued_vec *v, size_t count)
{
    struct valued *x = v->at;
    size_t low = 0, high = v->len;
    count = count < high ? count : high;
    while (high - low > 1 && count > low && count < high) {
        float pivot = x[low + (high - low) / 2].value;
        size_t i = low, above = low, below = high;
        while (i < below) { /* above: larger; then equal; then smaller */
            struct valued y = x[i];
            if (y.value > pivot) {
                x[i++] = x[above];
                x[above++] = y;
            } else if (y.value < pivot) {
                x[i] = x[--below];
                x[below] = y;
            } else {
                i++;
            }
        }
        if (count <= above)
            high = above;
        else if (count >= below)
            low = below;
        else
            return count;
    }
    return count;
}
