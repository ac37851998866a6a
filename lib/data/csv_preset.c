#include "data/csv.h"

const struct csv_preset csv_presets[] = {
    /* RecSys 2015: as it is often prepared, and as it was published */
    {"yoochoose",
     "SessionId",
     {.session = "SessionId", .item = "ItemId", .time = "Time", .delimiter = "tab"},
     NULL,
     NULL},
    {"yoochoose",
     "",
     {.session = "1", .time = "2", .item = "3", .time_unit = "iso", .header = "no"},
     NULL,
     NULL},
    /* CIKM 2016: the day of a session, then milliseconds since its start */
    {"diginetica",
     "",
     {.session = "sessionId",
      .item = "itemId",
      .time = "eventdate",
      .sequence = "timeframe",
      .delimiter = ";",
      .time_unit = "iso"},
     NULL,
     NULL},
    /* RecSys 2016; type 4 deletes a recommendation */
    {"xing",
     "",
     {.user = "user_id",
      .item = "item_id",
      .time = "created_at",
      .delimiter = "tab",
      .time_unit = "s"},
     "interaction_type!=4",
     "action=interaction_type"},
    {"movielens",
     "::",
     {.user = "1", .item = "2", .time = "4", .delimiter = "::", .time_unit = "s", .header = "no"},
     NULL,
     NULL},
    {"movielens",
     "",
     {.user = "1", .item = "2", .time = "4", .delimiter = "tab", .time_unit = "s", .header = "no"},
     NULL,
     NULL},
    {"retailrocket",
     "",
     {.user = "visitorid", .item = "itemid", .time = "timestamp", .time_unit = "ms"},
     "event=view",
     "action=event"},
    /* user, item, category, behaviour, time; the 9,439 categories of the whole log are more than a
     * header can name */
    {"tianchi",
     "",
     {.user = "1", .item = "2", .time = "5", .time_unit = "s", .header = "no"},
     NULL,
     "action=4"},
    {"globo",
     "",
     {.user = "user_id",
      .item = "click_article_id",
      .time = "click_timestamp",
      .session = "session_id",
      .time_unit = "ms"},
     NULL,
     NULL},
    /* atomic files: the header has name:type */
    {"recbole",
     "",
     {.user = "user_id",
      .item = "item_id",
      .time = "timestamp",
      .delimiter = "tab",
      .time_unit = "s"},
     NULL,
     NULL},
    {0},
};

char *csv_preset_names(void)
{
    struct buf names = {0};
    for (const struct csv_preset *p = csv_presets; p->name; p++)
        if (p == csv_presets || strcmp(p->name, p[-1].name))
            buf_format(&names, "%s%s", names.len ? "|" : "", p->name);
    return names.at;
}
