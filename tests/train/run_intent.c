/* lib/train/run_intent: the actions of an option, found in the header of a stream. */
#include "train/run_intent.h"

#include "data/extra_columns.h"

#include "../streams.h"
#include "../tap.h"

/* A header that names three actions, or none. */
static void make_header(struct meta *m, bool has_actions)
{
    static const char *const value[] = {"buy", "view", "order"};
    struct extra_columns column = {.key = "action"};
    struct err e;
    int32_t unused;
    stream_meta(m, STREAM_BATCHES);
    for (int i = 0; i < 3 && has_actions; i++)
        must(extra_columns_number(&column, bytes_of(value[i]), &unused, &e), &e);
    if (has_actions)
        extra_columns_describe(&column, 1, m);
    extra_columns_release(&column);
}

/* Whether the option marks these codes, makes a store keep so many columns, and is checked with
 * that message, NULL: without. */
static bool finds(const char *text, bool has_actions, const char *marks, size_t columns,
                  const char *message)
{
    const struct model_options o = {.intent = text};
    struct session_store store = {.item.limit = 7};
    struct batching batching = {0};
    struct run_intent r;
    struct meta m;
    struct err e = {0};
    make_header(&m, has_actions);
    must(run_intent_open(&r, &o, &m, &e), &e);
    run_intent_read(&r, &store, &batching);
    bool right = store.columns.len == columns && !batching.intent == !columns;
    for (int i = 0; i < r.codes; i++)
        right = right && batching.intent && batching.intent->wanted[i] == (marks[i] == '1');
    if (columns)
        right = right && !strcmp(store.columns.at[0].key, "action") &&
                store.columns.at[0].codes == 3 && store.columns.at[0].code.limit == 7;
    int status = run_intent_check(&r, &o, &e);
    right = right && (message ? status == 64 && strstr(e.text, message) : !status);
    run_intent_release(&r);
    session_store_release(&store);
    batching_release(&batching);
    meta_release(&m);
    return right;
}

int main(void)
{
    tap_ok(finds(NULL, true, "", 0, NULL) && finds(NULL, false, "", 0, NULL),
           "no option: no column is kept");
    tap_ok(finds("buy", true, "100", 1, NULL) && finds("order,buy", true, "101", 1, NULL),
           "the codes of the actions");
    tap_ok(finds("view,sell,lend", true, "010", 1,
                 "--intent view,sell,lend: the stream has no "
                 "action \"sell\""),
           "an action that is not there: no session holds it, and the check names it");
    tap_ok(finds("buy", false, "", 0, "the stream's header has no \"codes\" of action"),
           "a stream without actions");
    return tap_done();
}
