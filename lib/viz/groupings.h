/* How attended sessions and events fall into the groups of means. */
#ifndef VIZ_GROUPINGS_H
#define VIZ_GROUPINGS_H

#include "viz/figure.h"

/* Of sessions. */
extern const struct grouping grouping_recency, grouping_age, grouping_days, grouping_day,
    grouping_week;
extern const struct grouping grouping_length, grouping_popularity;

/* Of the events of a session: `strongest` takes the one with the largest weight, by how many there
 * are. */
extern const struct grouping grouping_event_recency, grouping_event_popularity, grouping_strongest;

#endif
