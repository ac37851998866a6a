#include "base/attention_levels.h"

const struct level_info attention_levels[LEVELS] = {
    [LEVEL_INTER] = {"inter", "Inter-session attention",
                     "Before a session begins, the model weighs the user's earlier sessions.",
                     "sessions", "earlier session", false, false, false},
    [LEVEL_INTRA] =
        {"intra", "Intra-session attention",
         "At each step of a session, the model weighs the user's earlier sessions anew.",
         "sessions", "earlier session", false, true, false},
    [LEVEL_USER] =
        {"user", "User-level attention",
         "What the model knows of the user is a mean of the earlier sessions, so weighted.",
         "sessions", "earlier session", false, false, false},
    [LEVEL_SESSION] =
        {"session", "Session-level attention",
         "What the model knows of an earlier session is a mean of its events, so weighted.",
         "earlier sessions", "event", true, false, true},
    [LEVEL_ITEM] = {"item", "Item attention",
                    "At a position of a session, the model weighs the events up to there.",
                    "positions", "event", true, false, true},
};

const struct level_info *attention_level_find(struct bytes name)
{
    for (size_t i = 0; i < LEVELS; i++)
        if (bytes_equal(name, bytes_of(attention_levels[i].name)))
            return &attention_levels[i];
    return NULL;
}
