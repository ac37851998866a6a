#include "stream/from_json.h"

#include <inttypes.h>

#include "base/utf8.h"
#include "stream/input.h"
#include "stream/layout.h"

/* No record has a longer line: \udcXX for each byte of a text is the most. */
enum { LINE_MOST = 8 * BLOCK_LIMIT };

enum { HELD_IN_MEMORY = 16 << 20 }; /* bytes of a part */

void from_json_release(struct from_json *b)
{
    frame_out_release(&b->out);
    renumber_release(&b->held);
    json_read_release(&b->json);
    buf_release(&b->tag);
    buf_release(&b->value);
    buf_release(&b->record);
}

static bool is_tag(const struct from_json *b, const char *tag)
{
    return bytes_equal((struct bytes){b->tag.at, b->tag.len}, bytes_of(tag));
}

/* Whether lines may be missing: a part is held until its end and then renumbered. */
static bool holds(const struct from_json *b)
{
    return b->kind == STREAM_SESSIONS;
}

static int expect(const char *what, struct err *e)
{
    return err_set(e, STATUS_DATA, "expected %s", what);
}

/* "]" and nothing after it. */
static int close_line(struct from_json *b, struct err *e)
{
    if (!json_take(&b->json.in, ']'))
        return expect("\",\" or \"]\"", e);
    return json_done(&b->json.in) ? 0 : expect("the end of the line", e);
}

static int comma(struct from_json *b, struct err *e)
{
    return json_take(&b->json.in, ',') ? 0 : expect("\",\"", e);
}

/* ---- header ---- */

static int open_part(struct from_json *b, const struct meta *m, struct err *e)
{
    if (b->parts && m->kind != b->kind)
        return err_set(e, STATUS_DATA, "%s after %s: all parts have to be of one kind",
                       stream_kind_name[m->kind], stream_kind_name[b->kind]);
    if (b->parts && m->kind == STREAM_BATCHES)
        return err_set(e, STATUS_DATA, "batches come alone: another part of them begins");
    frame_out_release(&b->out);
    if (frame_out_open(&b->out, b->sink, m, true, e))
        return e->status;
    b->inside = true;
    if (!b->held.held.limit)
        b->held.held.limit = HELD_IN_MEMORY;
    b->parts++;
    b->kind = m->kind;
    return 0;
}

static int read_header(struct from_json *b, struct err *e)
{
    const struct json_place place = {bytes_of(PLACE_MAGIC), 2};
    struct meta m;
    int64_t major;
    if (b->inside)
        return expect("[\"E\"], the end of the part, before another header", e);
    if (comma(b, e))
        return e->status;
    if (!json_integer(&b->json.in, &major))
        return expect("the major version", e);
    if (major != STREAM_MAJOR)
        return err_set(e, STATUS_VERSION,
                       "the stream has version %" PRId64 ", this program reads version %d", major,
                       STREAM_MAJOR);
    if (comma(b, e) || json_read(&b->json, &b->value, &place, CURSOR_DEPTH, e) || close_line(b, e))
        return e->status;
    if (meta_parse(&m, (struct bytes){b->value.at, b->value.len}, e))
        return e->status;
    int status = open_part(b, &m, e);
    meta_release(&m);
    return status;
}

/* ---- end ---- */

static int check_end(const struct from_json *b, const int64_t counts[3], struct err *e)
{
    const struct frame_out *out = &b->out;
    if ((uint64_t)counts[0] == out->blocks && (uint64_t)counts[1] == out->records &&
        (uint64_t)counts[2] == out->bytes)
        return 0;
    return err_set(e, STATUS_DATA,
                   "the end counts %" PRId64 " blocks, %" PRId64 " records, %" PRId64
                   " bytes, but there are %" PRIu64 ", %" PRIu64 ", %" PRIu64
                   ": write [\"E\"] alone where lines were added, or those of batches changed",
                   counts[0], counts[1], counts[2], out->blocks, out->records, out->bytes);
}

/* Writes what is held. */
static int finish_part(struct from_json *b, struct err *e)
{
    if (holds(b) && renumber_write(&b->held, &b->out, e))
        return e->status;
    return frame_out_pause(&b->out, e);
}

/* Whether the counts may be those from before a filter, which has changed lines or left some out.
 * In batches sessions go by their place, so that none may be missing. */
static bool may_be_filtered(const struct from_json *b, uint64_t records, const int64_t counts[3])
{
    return b->kind != STREAM_BATCHES && (int64_t)records <= counts[1];
}

/* ["E"], perhaps with the counts, which then have to be right or those from before a filter. */
static int read_end(struct from_json *b, struct err *e)
{
    int64_t counts[3];
    uint64_t records = b->held.records;
    bool counted = json_take(&b->json.in, ',');
    for (int i = 0; i < 3 && counted; i++) {
        if (i && comma(b, e))
            return e->status;
        if (!json_integer(&b->json.in, &counts[i]))
            return expect("a count", e);
    }
    if (close_line(b, e) || finish_part(b, e))
        return e->status;
    if (!holds(b))
        records = b->out.records;
    if (counted && !may_be_filtered(b, records, counts) && check_end(b, counts, e))
        return e->status;
    b->inside = false;
    return frame_out_end(&b->out, e);
}

/* ---- records ---- */

/* Of `count` values. */
static int add_record(struct from_json *b, uint32_t count, struct err *e)
{
    if (!holds(b)) {
        msgpack_pack_array(frame_out_record(&b->out), count);
        buf_append(&b->out.block, b->value.at, b->value.len);
        return frame_out_commit(&b->out, e);
    }
    msgpack_packer pk;
    buf_clear(&b->record);
    msgpack_packer_init(&pk, &b->record, buf_write);
    msgpack_pack_array(&pk, count);
    buf_append(&b->record, b->value.at, b->value.len);
    return renumber_take(&b->held, (struct bytes){b->record.at, b->record.len}, e);
}

static int read_record(struct from_json *b, struct err *e)
{
    struct json_place place = {{b->tag.at, b->tag.len}, 1};
    msgpack_packer pk;
    msgpack_packer_init(&pk, &b->value, buf_write);
    pack_text(&pk, place.tag);
    for (; json_take(&b->json.in, ','); place.index++)
        if (json_read(&b->json, &b->value, &place, CURSOR_DEPTH - 1, e))
            return e->status;
    if (close_line(b, e))
        return e->status;
    return add_record(b, place.index, e);
}

static int pause_block(struct from_json *b, struct err *e)
{
    return holds(b) ? renumber_pause(&b->held, e) : frame_out_pause(&b->out, e);
}

static int read_tagged(struct from_json *b, struct err *e)
{
    if (is_tag(b, PLACE_MAGIC))
        return read_header(b, e);
    if (!b->inside)
        return expect("a header, [\"SESSPIPE\\r\\n\", 2, {...}]", e);
    if (is_tag(b, "E"))
        return read_end(b, e);
    if (is_tag(b, "B"))
        return close_line(b, e) ? e->status : pause_block(b, e);
    return read_record(b, e);
}

static int read_line(struct from_json *b, struct err *e)
{
    if (!json_take(&b->json.in, '['))
        return expect("\"[\": each line is a list", e);
    if (json_read_text(&b->json, e))
        return expect("a string, the tag of the line", e);
    buf_clear(&b->tag);
    buf_append(&b->tag, b->json.text.at, b->json.text.len);
    buf_clear(&b->value);
    return read_tagged(b, e);
}

/* The first byte of the line that is not UTF-8; NULL: all of it is. */
static const char *not_utf8(struct bytes line)
{
    const char *at = line.at, *end = line.at + line.len;
    while (at < end) {
        size_t n = (unsigned char)*at < 0x80 ? 1 : utf8_length(at, (size_t)(end - at), NULL);
        if (n == 0)
            return at;
        at += n;
    }
    return NULL;
}

static int take_line(struct from_json *b, struct bytes line, struct err *e)
{
    b->json.in = json_in_of(line);
    const char *wrong = line.len ? not_utf8(line) : NULL;
    if (wrong) {
        err_set(e, STATUS_DATA, "not UTF-8");
        return err_at(e, "character %zu", (size_t)(wrong - line.at) + 1);
    }
    if (!read_line(b, e))
        return 0;
    if (e->status == STATUS_DATA)
        err_at(e, "character %zu", (size_t)(b->json.in.at - line.at) + 1);
    return e->status;
}

static int check_inputs_end(struct from_json *b, struct err *e)
{
    if (!b->parts)
        return err_set(e, STATUS_DATA, "no line: a stream begins with a header");
    return b->inside
               ? err_set(e, STATUS_DATA,
                         "input ended early after %" PRIu64 " records: no [\"E\"] ends the part",
                         b->held.records + b->out.records + b->out.block_records)
               : 0;
}

/* The next line of the open input, without its end; *any = false where there is none. */
static int next_line(struct input *in, struct bytes *line, bool *any, struct err *e)
{
    const char *end = NULL;
    size_t searched = 0;
    while (!end && !in->ended) { /* it ends where all that was read has been searched */
        if (input_need(in, searched + 1, e))
            return e->status;
        size_t there = input_available(in);
        if (there > searched)
            end = memchr(input_bytes(in) + searched, '\n', there - searched);
        searched = there;
        if (!end && searched > LINE_MOST)
            return err_set(e, STATUS_DATA, "longer than any record");
    }
    const char *from = (const char *)input_bytes(in);
    *any = searched > 0;
    *line = (struct bytes){from, end ? (size_t)(end - from) : searched};
    in->at += line->len + (end != NULL);
    return 0;
}

static int build_input(struct from_json *b, struct input *in, struct err *e)
{
    struct bytes line = {0};
    bool any = true;
    for (uint64_t number = 1; any; number++) {
        int status = next_line(in, &line, &any, e);
        if (!status && any && number == 1 && line.len >= LAYOUT_MAGIC_SIZE - 2 &&
            !memcmp(line.at, LAYOUT_MAGIC, LAYOUT_MAGIC_SIZE - 2))
            status = err_set(e, STATUS_DATA, "a stream, where its lines of JSON are expected");
        else if (!status && any)
            status = take_line(b, line, e);
        if (status == STATUS_DATA || status == STATUS_VERSION)
            err_at(e, "%s, line %" PRIu64, input_name(in), number);
        if (status)
            return status;
    }
    return 0;
}

int from_json_inputs(struct from_json *b, const char *const *paths, int count, struct err *e)
{
    struct input in;
    bool any = true;
    int status = input_open(&in, paths, count, e);
    while (!status && any) {
        status = input_advance(&in, &any, e);
        if (!status && any)
            status = build_input(b, &in, e);
    }
    if (!status && check_inputs_end(b, e))
        status = err_at(e, "%s", input_name(&in));
    input_close(&in);
    return status;
}

void from_json_abort(struct from_json *b, const char *program, const struct err *why)
{
    struct err named = *why;
    err_at(&named, FRAME_RELAY "%s", program); /* the header's last program is not the one */
    frame_out_abort(&b->out, &named);
}
