#include "base/text_fields.h"
#include "data/raw.h"

enum { USER, TIME, ARTIST_ID, ARTIST, TRACK_ID, TRACK, COLUMNS };

static struct bytes joined(struct lastfm *l, struct bytes artist, struct bytes track)
{
    buf_clear(&l->joined);
    buf_append(&l->joined, artist.at, artist.len);
    buf_text(&l->joined, artist.len ? " – " : "");
    buf_append(&l->joined, track.at, track.len);
    return (struct bytes){l->joined.at, l->joined.len};
}

static int item_of(struct lastfm *l, const struct bytes *fields, struct raw_row *row, struct err *e)
{
    struct bytes id = fields[l->track ? TRACK_ID : ARTIST_ID];
    struct bytes name = fields[l->track ? TRACK : ARTIST];
    if (!id.len && !name.len)
        return err_set(e, STATUS_DATA, "%s is empty",
                       l->track ? "track id and track name" : "artist id and artist name");
    row->title = l->track ? joined(l, fields[ARTIST], name) : name;
    row->item = id.len ? id : row->title;
    if (!id.len)
        row->title.len = 0;
    if (row->title.len > NAME_LIMIT)
        return raw_name(l->track ? "artist and track name" : "artist name", row->title, e);
    return raw_name(l->track ? "track" : "artist", row->item, e);
}

static int lastfm_row(void *state, struct bytes line, struct raw_row *row, struct err *e)
{
    struct lastfm *l = state;
    struct bytes *fields = l->columns;
    size_t count =
        l->fields.count ? l->fields.count : fields_split(line, '\t', fields, l->fields.room);
    if (count != COLUMNS)
        return err_set(e, STATUS_DATA,
                       "%zu columns where %d are expected, separated by tabs: user, time, artist "
                       "id, artist name, track id, track name",
                       count, COLUMNS);

    row->user = fields[USER];
    if (raw_name("user", row->user, e) || raw_time(&l->clock, "time", fields[TIME], row, e))
        return e->status;
    return item_of(l, fields, row, e);
}

struct raw_format lastfm_format(struct lastfm *l)
{
    l->clock.unit = RAW_ISO;
    l->fields = (struct line_fields){
        .delimiter = '\t', .at = l->columns, .room = l->track ? COLUMNS : TRACK_ID};
    return (struct raw_format){
        .state = l,
        .name = "a Last.fm log",
        .row = lastfm_row,
        .fields = &l->fields,
    };
}

void lastfm_release(struct lastfm *l)
{
    buf_release(&l->joined);
}
