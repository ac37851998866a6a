/* The forms of figures: each is in the file that draws it. */
#ifndef VIZ_FIGURE_FORMS_H
#define VIZ_FIGURE_FORMS_H

#include "viz/figure.h"

/* Means over groups. */
extern const struct figure_form form_chart, form_map;

/* Examples. */
extern const struct figure_form form_sessions, form_ages, form_weeks;
extern const struct figure_form form_matrix, form_events, form_ranked, form_lines;

#endif
