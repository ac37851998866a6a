#include "recommend/text.h"

#include "base/json.h"
#include "base/time.h"
#include "base/utf8.h"
#include "recommend/item_reasons.h"

static const struct user_session *
session_of(const struct users *users, const struct recommendation *answer, const struct reason *r)
{
    return &users->at.at[answer->asked.user].sessions.at[r->session];
}

/* ---- TSV ---- */

static void append_name(struct buf *to, struct bytes name)
{
    utf8_clean(to, name);
    buf_byte(to, '\t');
}

/* The reasons of the item at `at`, "; " between them, as a further column. */
static void append_words(struct buf *to, const struct engine *a,
                         const struct recommendation *answer, size_t at)
{
    struct buf words = {0};
    for (int32_t i = a->item_reasons.at[at]; i < a->item_reasons.at[at + 1]; i++) {
        if (words.len)
            buf_text(&words, "; ");
        item_reasons_words(a, answer, at, &a->item_reason.at[i], &words);
    }
    utf8_clean(to, (struct bytes){words.at, words.len});
    buf_release(&words);
}

void text_tsv(struct buf *to, const struct engine *a, const struct users *users,
              const struct recommendation *answer, const struct text_names *names)
{
    struct buf user = {0};
    char start[TIME_TEXT];
    append_name(&user, names_at(names->users, answer->asked.user));
    names_fetch(names->items, a->item.at + answer->first, (size_t)answer->count);
    for (int32_t i = 0; i < answer->count; i++) {
        size_t at = answer->first + (size_t)i;
        buf_append(to, user.at, user.len);
        buf_whole(to, i + 1);
        buf_byte(to, '\t');
        append_name(to, names_at(names->items, a->item.at[at]));
        buf_six_digits(to, a->score.at[at]);
        if (engine_tells(a)) {
            buf_byte(to, '\t');
            append_words(to, a, answer, at);
        }
        buf_byte(to, '\n');
    }
    for (size_t i = answer->reason; i < answer->reason + answer->reasons; i++) {
        const struct reason *r = &a->reason.at[i];
        buf_append(to, user.at, user.len);
        append_name(to, bytes_of(attention_levels[r->level].name));
        time_text(session_of(users, answer, r)->start, start);
        append_name(to, r->item < 0 ? bytes_of(start) : names_at(names->items, r->item));
        buf_six_digits(to, r->weight);
        buf_byte(to, '\n');
    }
    buf_release(&user);
}

/* ---- JSON ---- */

static void append_reason(struct buf *to, const struct engine *a, const struct users *users,
                          const struct recommendation *answer, const struct reason *r,
                          const struct names *items)
{
    const struct user_session *session = session_of(users, answer, r);
    char start[TIME_TEXT];
    time_text(session->start, start);
    buf_format(to, "{\"level\":\"%s\",\"weight\":%.6g,\"start\":\"%s\",",
               attention_levels[r->level].name, (double)r->weight, start);
    if (r->item >= 0) {
        buf_text(to, "\"item\":");
        json_text(to, names_at(items, r->item));
    }
    const int32_t *item = engine_session_items(a, answer, r->session);
    for (int32_t i = 0; i < session->count && r->item < 0; i++) {
        buf_text(to, i ? "," : "\"items\":[");
        json_text(to, names_at(items, item[i]));
    }
    buf_text(to, r->item < 0 ? "]}" : "}");
}

static void append_item_reasons(struct buf *to, const struct engine *a,
                                const struct recommendation *answer, size_t at)
{
    struct buf words = {0};
    buf_text(to, ",\"why\":[");
    for (int32_t i = a->item_reasons.at[at]; i < a->item_reasons.at[at + 1]; i++) {
        const struct item_reason *r = &a->item_reason.at[i];
        buf_clear(&words);
        item_reasons_words(a, answer, at, r, &words);
        buf_text(to, i > a->item_reasons.at[at] ? "," : "");
        buf_format(to, "{\"kind\":\"%s\",\"adds\":%.4g,\"words\":", evidence_kinds[r->kind].name,
                   (double)r->adds);
        json_text(to, (struct bytes){words.at, words.len});
        buf_byte(to, '}');
    }
    buf_byte(to, ']');
    buf_release(&words);
}

static void append_item(struct buf *to, const struct engine *a, const struct recommendation *answer,
                        size_t at, const struct titles *titles)
{
    struct bytes title = {NULL, 0};
    buf_text(to, "{\"item\":");
    json_text(to, names_at(a->items, a->item.at[at]));
    if (titles)
        title = titles_of(titles, a->item.at[at]);
    if (title.len) {
        buf_text(to, ",\"title\":");
        json_text(to, title);
    }
    buf_text(to, ",\"score\":");
    buf_six_digits(to, a->score.at[at]);
    if (engine_tells(a))
        append_item_reasons(to, a, answer, at);
    buf_byte(to, '}');
}

void text_answer(struct buf *to, const struct engine *a, const struct users *users,
                 const struct recommendation *answer, const struct titles *titles)
{
    buf_text(to, "\"items\":[");
    names_fetch(a->items, a->item.at + answer->first, (size_t)answer->count);
    for (int32_t i = 0; i < answer->count; i++) {
        buf_text(to, i ? "," : "");
        append_item(to, a, answer, answer->first + (size_t)i, titles);
    }
    buf_text(to, "]");
    if (!a->why)
        return;
    buf_text(to, a->attends ? ",\"why\":[" : ",\"why\":null");
    for (size_t i = 0; i < answer->reasons; i++) {
        buf_text(to, i ? "," : "");
        append_reason(to, a, users, answer, &a->reason.at[answer->reason + i], a->items);
    }
    buf_text(to, a->attends ? "]" : "");
}

void text_json(struct buf *to, const struct engine *a, const struct users *users,
               const struct recommendation *answer, const struct text_names *names)
{
    buf_text(to, "{\"user\":");
    json_text(to, names_at(names->users, answer->asked.user));
    buf_byte(to, ',');
    text_answer(to, a, users, answer, NULL);
    buf_text(to, "}\n");
}
