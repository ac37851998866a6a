#include "viz/figure_table.h"

#include "viz/figure_forms.h"
#include "viz/groupings.h"

/* clang-format off */

/* The rows that several levels share: one for each figure of a level. */
#define SIDE_BY_SIDE(level)                                                                        \
    {"sessions", level, "sessions side by side",                                                   \
     "Each column is an earlier session of the user, the newest first: when it was, what it held, "\
     "and below its attention weight. The stronger the shade, the more the model looks at it when "\
     "it starts to predict.", &form_sessions, NULL},                                               \
    {"ages", level, "weight by age, session by session",                                           \
     "The same sessions by their age: are those near 24, 48, 72 hours shaded more than their "     \
     "neighbours?", &form_ages, NULL},                                                             \
    {"weeks", level, "weight by hour of the week, session by session",                             \
     "The same sessions by the hour of the week in which they began.", &form_weeks, NULL}

#define MEANS_OF_SESSIONS(level)                                                                   \
    {"recency", level, "mean by recency",                                                          \
     "Do the latest sessions count most? A flat line at 1 would be even attention.",               \
     &form_chart, &grouping_recency},                                                              \
    {"age", level, "mean by age",                                                                  \
     "Does what was 24, 48, 72 hours ago stand out? The upright lines are whole days.",            \
     &form_chart, &grouping_age},                                                                  \
    {"days", level, "mean by age in days",                                                         \
     "The same beyond a week: are sessions of some weeks ago still looked at? The upright lines "  \
     "are whole weeks.", &form_chart, &grouping_days},                                             \
    {"day", level, "mean around whole days",                                                       \
     "All ages from half a day on, folded by 24 hours: habits of the day would show as a hill in " \
     "the middle.",                                                                                \
     &form_chart, &grouping_day},                                                                  \
    {"week", level, "mean by hour of the week",                                                    \
     "In which hours were the sessions that the model looks at? A map of one shade says that the " \
     "hour does not matter.",                                                                      \
     &form_map, &grouping_week},                                                                   \
    {"length", level, "mean by length of the attended session",                                    \
     "Do long sessions count more than short ones?",                                               \
     &form_chart, &grouping_length},                                                               \
    {"popularity", level, "mean by popularity of its items",                                       \
     "Are sessions of hits or of rarities worth more? Each group holds about the same share of "   \
     "the training events.", &form_chart, &grouping_popularity}

#define MEANS_OF_EVENTS(level)                                                                     \
    {"recency", level, "mean by recency",                                                          \
     "Do the last events count most? A flat line at 1 would be even attention.",                   \
     &form_chart, &grouping_event_recency},                                                        \
    {"popularity", level, "mean by popularity of the item",                                        \
     "Are hits or rarities worth more? Each group holds about the same share of the training "     \
     "events.",                                                                                    \
     &form_chart, &grouping_event_popularity},                                                     \
    {"length", level, "the strongest event, by length",                                            \
     "How far is the event with the largest weight above the others, where there are "             \
     "few of them and where there are many? At 1 all weigh the same.",                             \
     &form_chart, &grouping_strongest}

const struct figure figure_table[] = {
    SIDE_BY_SIDE(&attention_levels[LEVEL_INTER]),
    MEANS_OF_SESSIONS(&attention_levels[LEVEL_INTER]),
    {"matrix", &attention_levels[LEVEL_INTRA], "predictions and what they look at",
     "A row is a step of the session, with what the model ranked first and what came; a column is "
     "an earlier session of the user, the newest first, with what it held. The stronger the shade, "
     "the more the model looks at that session when it predicts that step.", &form_matrix, NULL},
    MEANS_OF_SESSIONS(&attention_levels[LEVEL_INTRA]),
    SIDE_BY_SIDE(&attention_levels[LEVEL_USER]),
    MEANS_OF_SESSIONS(&attention_levels[LEVEL_USER]),
    {"events", &attention_levels[LEVEL_SESSION], "the events of single sessions",
     "From top to bottom the events of an earlier session, the weight of each in what the model "
     "keeps of the session, and how often its item is in the training part.",
     &form_events, NULL},
    {"ranked", &attention_levels[LEVEL_SESSION], "events by weight",
     "The same sessions, the heaviest events first: does the number on the right rise from top to "
     "bottom, so that rarities weigh more than hits?", &form_ranked, NULL},
    MEANS_OF_EVENTS(&attention_levels[LEVEL_SESSION]),
    {"events", &attention_levels[LEVEL_ITEM], "events up to a position",
     "Each line is a position of a session: from left to right the events up to there, shaded by "
     "their weight in what the model predicts next, and after the arrow what came.",
     &form_lines, NULL},
    MEANS_OF_EVENTS(&attention_levels[LEVEL_ITEM]),
    {0},
};
/* clang-format on */
