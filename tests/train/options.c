/* Options of the programs that run models: how they fit together, and what training gets of them.
 */
#include "train/options.h"

#include "../streams.h"
#include "../tap.h"

static struct cli *cli; /* of a command line without options */

struct fixture {
    struct run_options o;
    struct model_choice choice;
};

static void fixture_open(struct fixture *f, const char *model)
{
    f->o = run_defaults;
    f->o.model = model;
    model_choice_open(&f->choice);
}

static void fixture_close(struct fixture *f)
{
    model_choice_release(&f->choice);
}

/* The options of one of the models; the caller may change them. */
static struct model_options *options_of(struct fixture *f, const char *model)
{
    const struct model_class *class;
    struct err e = {0};
    must(model_find(model, &class, &e), &e);
    return (struct model_options *)(size_t)model_choice_of(&f->choice, class);
}

/* ---- what a model's choice brings ---- */

static void chosen(void)
{
    struct fixture f;
    struct err e = {0};
    fixture_open(&f, "bpr-mf");
    options_of(&f, "bpr-mf")->embedding = 24;
    must(run_check(cli, &f.o, &f.choice, &e), &e);
    tap_ok(!strcmp(f.o.class->name, "bpr-mf") && f.o.shape->embedding == 24,
           "the class and its options");
    tap_ok(!strcmp(f.o.loss, "bpr"), "the model's loss");
    int groups = 0;
    while (f.choice.groups[groups].name)
        groups++;
    tap_ok(groups > 5 && !strcmp(f.choice.groups[0].name, model_classes[0]->name),
           "a group of options for each model");
    fixture_close(&f);
    fixture_open(&f, "wide");
    must(run_check(cli, &f.o, &f.choice, &e), &e);
    tap_ok(f.o.class->rates && f.o.lr == f.o.class->rates->lr &&
               f.o.warm_up == f.o.class->rates->warm_up,
           "rates of the model's own");
    f.o.model = "ii-rnn";
    options_of(&f, "ii-rnn")->per_user = "inter";
    tap_ok(run_check(cli, &f.o, &f.choice, &e) == STATUS_USAGE, "%s", e.text);
    f.o.model = "word2vec";
    tap_ok(run_check(cli, &f.o, &f.choice, &e) == STATUS_USAGE, "%s", e.text);
    fixture_close(&f);
}

static void training(void)
{
    struct fixture f;
    struct err e = {0};
    fixture_open(&f, "ii-rnn");
    f.o.optimizer = "adagrad", f.o.momentum = 0.5, f.o.negatives = 9;
    must(run_check(cli, &f.o, &f.choice, &e), &e);
    f.o.lr_decay = "cosine"; /* which run_check sets to the model's own where it is not given */
    struct train_options t = run_train_options(&f.o);
    tap_ok(t.optimizer.update.kind == OPTIMIZER_ADAGRAD && t.optimizer.update.momentum == 0.5f &&
               t.loss == LOSS_CROSS_ENTROPY && t.sampled && t.negatives == 9 && t.decays,
           "training gets the options");
    f.o = run_defaults;
    must(run_check(cli, &f.o, &f.choice, &e), &e);
    t = run_train_options(&f.o);
    tap_ok(t.optimizer.update.kind == OPTIMIZER_ADAM && !t.sampled && !t.negatives && !t.decays,
           "or the defaults");
    f.o.loss = "top1-max";
    t = run_train_options(&f.o);
    tap_ok(t.loss == LOSS_TOP1_MAX && t.sampled, "every other loss is over some of the items");
    fixture_close(&f);
}

/* Whether the loss compares with some of the items, of a model with a wide part. */
static void with_wide(void)
{
    static const struct {
        const char *model, *freeze, *loss; /* the default loss */
        bool sampled;
    } rows[] = {
        {"rnn", NULL, "cross-entropy", true},
        {"rnn", "wide", "cross-entropy", true},
        {"rnn", "network", "cross-entropy", false},
        {"hrnn", "item_embedding", "cross-entropy", true},
        {"bpr-mf", NULL, "bpr", true},
        {"fpmc", "wide", "bpr", true},
        {"fpmc", "network", "cross-entropy", false},
        {"stamp", NULL, "cross-entropy", false},
        {"stamp", "wide", "cross-entropy", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        struct err e = {0};
        fixture_open(&f, rows[i].model);
        options_of(&f, rows[i].model)->wide = true;
        f.o.freeze = rows[i].freeze, f.o.init = rows[i].freeze ? "file" : NULL;
        must(run_check(cli, &f.o, &f.choice, &e), &e);
        struct train_options t = run_train_options(&f.o);
        tap_ok(!strcmp(f.o.loss, rows[i].loss) && t.sampled == rows[i].sampled,
               "%s --wide --freeze %s: %s, over %s items", rows[i].model,
               rows[i].freeze ? rows[i].freeze : "nothing", rows[i].loss,
               rows[i].sampled ? "some" : "all");
        fixture_close(&f);
    }
}

static void attention(void)
{
    struct run_options o = run_defaults;
    tap_ok(run_attention(&o) == 0, "no attention");
    o.attention = "all";
    tap_ok(run_attention(&o) == -1, "all sessions");
    o.attention = "12";
    tap_ok(run_attention(&o) == 12, "some of them");
    o.attention = "-1";
    tap_ok(run_attention(&o) == -2, "not a number of sessions");
}

/* ---- what does not fit together ---- */

static void refused(struct run_options o, const char *expected)
{
    struct fixture f;
    struct err e = {0};
    fixture_open(&f, o.model);
    tap_ok(run_check(cli, &o, &f.choice, &e) && strstr(e.text, expected), "%s", e.text);
    fixture_close(&f);
}
#define REFUSED(expected, ...)                                                                     \
    do {                                                                                           \
        struct run_options o = run_defaults;                                                       \
        __VA_ARGS__;                                                                               \
        refused(o, expected);                                                                      \
    } while (0)

static void refusals(void)
{
    REFUSED("--attention x: give a number of sessions", o.attention = "x");
    REFUSED("this model attends to nothing: give --inter or --intra", o.attention = "3");
    REFUSED("--model wide learns from cross-entropy over all items", o.model = "wide",
            o.negatives = 3);
    REFUSED("--logq corrects a loss over drawn items", o.log_q = true);
    REFUSED("--negatives-from batch needs --negatives", o.negatives_from = "batch");
    REFUSED("--spare-history is for a loss over some", o.spare_history = true);
    REFUSED("--momentum is for --optimizer adagrad or sgd", o.momentum = 0.1);
    REFUSED("--checkpoint -: name a file", o.checkpoint = "-");
    REFUSED("--save -:", o.save = "-");
    REFUSED("--no-index needs --save FILE", o.no_index = true);
    REFUSED("--no-index is for a wide part", o.no_index = true, o.save = "saved");
}

static bool collide(const char *output, const char *save, const char *checkpoint,
                    const char *resume, struct err *e)
{
    struct run_options o = run_defaults;
    o.save = save, o.checkpoint = checkpoint, o.resume = resume;
    const char *const no_inputs[] = {NULL};
    return run_check_outputs(&o, output, no_inputs, e) == STATUS_USAGE;
}

static void outputs(void)
{
    struct err e = {0};
    tap_ok(collide(NULL, "f", NULL, "f", &e) && strstr(e.text, "--save and --resume"), "%s",
           e.text);
    tap_ok(collide("o", "f", "./f", NULL, &e) && strstr(e.text, "--save and --checkpoint"), "%s",
           e.text);
    tap_ok(collide("f", "f", "c", "c", &e) && strstr(e.text, "--output and --save"), "%s", e.text);
    tap_ok(collide("c", "f", "d", "c", &e) && strstr(e.text, "--output and --resume"), "%s",
           e.text);
    tap_ok(!collide("o", "f", "c", "c", &e), "a checkpoint that is continued");
    tap_ok(!collide("-", NULL, "-", NULL, &e), "no file");
}

static void of_a_file(void)
{
    struct fixture f;
    struct err e = {0};
    fixture_open(&f, "ii-rnn");
    must(run_check(cli, &f.o, &f.choice, &e), &e);
    tap_ok(!run_check_saved(&f.o, "m", &e), "a saved model");
    f.o.attention = "all";
    tap_ok(run_check_saved(&f.o, "m", &e) == STATUS_USAGE, "%s", e.text);
    f.o.attention = "0", f.o.index = "s";
    tap_ok(run_check_saved(&f.o, "m", &e) == STATUS_USAGE && strstr(e.text, "no wide part"), "%s",
           e.text);
    options_of(&f, "ii-rnn")->wide = true;
    tap_ok(!run_check_saved(&f.o, "m", &e), "one with a wide part");
    f.o.online = true;
    tap_ok(run_check_saved(&f.o, "m", &e) == STATUS_USAGE, "%s", e.text);
    fixture_close(&f);
}

/* Options that the command line gives are told from defaults. */
static void given(void)
{
    struct fixture f;
    struct run_rows rows;
    struct err e = {0};
    char *words[] = {"prog",      "--lr", "0.25", "--negatives-alpha", "0.5", "--model", "ii-rnn",
                     "--save-by", "last", NULL};
    const struct option *tables[8] = {0};
    const struct program program = {.name = "prog", .usage = "", .tables = tables};
    fixture_open(&f, "pop");
    run_rows_open(&rows, &f.o);
    tables[0] = rows.model, tables[1] = rows.training, tables[2] = rows.result;
    struct cli *given_cli = cli_parse(&program, 9, words);
    tap_ok(!strcmp(f.o.model, "ii-rnn") && f.o.lr == 0.25, "rows set the options");
    tap_ok(run_check(given_cli, &f.o, &f.choice, &e) && strstr(e.text, "--negatives-alpha needs"),
           "%s", e.text);
    f.o.negatives = 3;
    tap_ok(run_check(given_cli, &f.o, &f.choice, &e) && strstr(e.text, "--save-by needs --save"),
           "%s", e.text);
    f.o.negatives = -1;
    f.o.save = "saved", f.o.model = "wide", f.o.alpha = 1;
    run_check(given_cli, &f.o, &f.choice, &e);
    tap_ok(f.o.lr == 0.25 && f.o.warm_up == f.o.class->rates->warm_up,
           "a rate that is given holds, others are the model's");
    run_rows_release(&rows);
    fixture_close(&f);
}

int main(void)
{
    const struct option *const none[] = {NULL};
    const struct program program = {.name = "prog", .usage = "", .tables = none};
    cli = cli_parse(&program, 1, (char *[]){"prog", NULL});
    chosen();
    training();
    with_wide();
    attention();
    refusals();
    outputs();
    of_a_file();
    given();
    return tap_done();
}
