/* From numbers to places in a picture. */
#ifndef VIZ_SCALE_H
#define VIZ_SCALE_H

/* low..high of the numbers lies on from..to of the picture. */
struct scale {
    double low, high, from, to;
};

/* A range without extent lies in the middle. */
double scale_at(const struct scale *s, double value);

/* The step of 1, 2 or 5 · 10^k with which marks from low to high are at most `most` steps; 1 where
 * there is no range. */
double scale_step(double low, double high, int most);

/* Widens the range outward to whole steps. */
void scale_round(struct scale *s, double step);

/* Decimals that a mark needs where marks are `step` apart. */
int scale_decimals(double step);

/* 0..1: where the value lies between low and high; values beyond lie at the ends. */
double scale_share(double value, double low, double high);

#endif
