/* Which batches each model learns from: batches of whole sessions or parallel mini-batches, of each
 * user's sessions in order where it needs that; the message says what to use. */
#include "../model_shape.h"
#include "../tap.h"

/* Schemes, and which of them fit, in their order: 1 fits, 0 is refused. */
static const struct model_batches schemes[] = {
    {"longest-first", true, false, 15},    {"shuffled", true, false, 15},
    {"sessions", false, false, 15},        {"user-parallel", true, true, 15},
    {"session-parallel", false, true, 15}, {NULL, false, false, 15},
};
enum { SCHEMES = sizeof schemes / sizeof *schemes };

static void check(const char *model, const struct model_shape *shape, const char *fits)
{
    const struct model_class *class = class_named(model);
    struct model_options *o = options_of_shape(class, shape);
    struct err e = {0};
    bool good = true;
    for (int i = 0; i < SCHEMES; i++) {
        int status = model_check_batches(class, o, &schemes[i], &e);
        if (status != (fits[i] == '1' ? 0 : STATUS_USAGE)) {
            printf("# %s: %d\n", schemes[i].scheme ? schemes[i].scheme : "none", status);
            good = false;
        }
    }
    tap_ok(good, "%s%s learns from the schemes that fit it", model,
           shape->join_sessions ? ", joined sessions," : "");
    mem_free(o);
}

static void says(const char *model, const struct model_shape *shape, int scheme, const char *text)
{
    const struct model_class *class = class_named(model);
    struct model_options *o = options_of_shape(class, shape);
    struct err e = {0};
    model_check_batches(class, o, &schemes[scheme], &e);
    tap_ok(!strcmp(e.text, text), "%s", e.text);
    mem_free(o);
}

int main(void)
{
    const struct model_shape plain = {0}, joined = {.join_sessions = true};
    check("ii-rnn", &plain, "110000");
    check("hierarchical", &plain, "111001");
    check("narm", &plain, "111001");
    check("rib", &plain, "111001");
    check("context-rnn", &plain, "111001");
    check("improved", &plain, "111001");
    check("asars", &plain, "111001");
    check("asars", &(struct model_shape){.dynamics = true}, "110000");
    check("youtube-dnn", &plain, "111001");
    check("session-embedding", &plain, "111001");
    check("intent", &plain, "111001");
    check("wavenet", &plain, "111001");
    check("sasrec", &plain, "111001");
    check("stamp", &plain, "111001");
    check("bpr-mf", &plain, "111001");
    check("fpmc", &plain, "111001");
    check("hrnn", &plain, "000100");
    check("rnn", &plain, "000110");
    check("rnn", &joined, "000100");
    says("ii-rnn", &plain, 2,
         "--scheme sessions does not keep each user's order, which --model ii-rnn needs: use "
         "longest-first");
    says("ii-rnn", &plain, 3,
         "the batches are parallel mini-batches, --model ii-rnn learns from whole sessions: use "
         "batcher --scheme longest-first");
    says("ii-rnn", &plain, 5,
         "the scheme of the input does not keep each user's order, which --model ii-rnn needs: use "
         "longest-first");
    says("hrnn", &plain, 0,
         "the batches are of whole sessions, --model hrnn learns from parallel mini-batches: use "
         "batcher --scheme user-parallel");
    says("rnn", &plain, 0,
         "the batches are of whole sessions, --model rnn learns from parallel mini-batches: use "
         "batcher --scheme session-parallel");
    says("rnn", &joined, 4,
         "--scheme session-parallel does not keep each user's order, which --model rnn "
         "--join-sessions needs: use user-parallel");
    return tap_done();
}
