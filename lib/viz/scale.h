/* Maps numbers to places in a picture. */
#ifndef VIZ_SCALE_H
#define VIZ_SCALE_H

/* Numbers low..high are at places from..to. */
struct scale {
    double low, high, from, to;
};

/* Where a scale must reach to show a value with its error, if `highest` is the highest value: an
 * error reaches beyond that by a quarter of it at most, so that one of them does not press all
 * others together. */
double scale_reach(double value, double error, double highest);

/* The place of a value; the middle if low is high. */
double scale_at(const struct scale *s, double value);

/* The least step of 1, 2 or 5 · 10^k that divides low..high into at most `most` steps; 1 if there
 * is no range. */
double scale_step(double low, double high, int most);

/* Widens the range outward to whole steps. */
void scale_round(struct scale *s, double step);

/* The decimals that marks need if they are `step` apart. */
int scale_decimals(double step);

/* The share of low..high below the value, from 0 to 1. */
double scale_share(double value, double low, double high);

#endif
