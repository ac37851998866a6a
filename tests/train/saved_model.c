/* A saved model, opened to run: what its file says of its class, its options and its data. */
#include "train/saved_model.h"

#include "../tap.h"
#include "tiny_model.h"

/* Keys and texts of `__metadata__`, in pairs; NULL behind the last. */
typedef const char *const *pairs;

/* A file of the items x and y, with these texts and a parameter of that name (NULL: none). */
static void write_model(pairs text, const char *parameter)
{
    struct tiny t;
    struct err e = {0};
    VEC(struct safetensors_text) texts = {0};
    for (; *text; text += 2) {
        vec_push(&texts, ((struct safetensors_text){mem_copy(text[0], strlen(text[0])), {0}}));
        buf_text(&texts.at[texts.len - 1].value, text[1]);
    }
    tiny_open(&t, "xy", "");
    parameters_add_vector(&t.model.parameters, parameter ? parameter : "bias", 2, 1);
    tiny_fill(&t, 1, true);
    must(model_file_save(&t.model, t.model.parameters.value, &t.names, NULL, texts.at,
                         (int)texts.len, "model", &e),
         &e);
    for (size_t i = 0; i < texts.len; i++) {
        mem_free(texts.at[i].key);
        buf_release(&texts.at[i].value);
    }
    vec_release(&texts);
    tiny_close(&t);
}
#define WRITE(parameter, ...) write_model((const char *const[]){__VA_ARGS__, NULL}, parameter)

static void opened(void)
{
    struct saved_model t;
    struct err e = {0};
    struct meta m = {.kind = STREAM_PREDICTIONS};
    WRITE(NULL, "model", "ii-rnn", "options",
          "{\"embedding\":32,\"inter\":\"hidden\",\"lr\":0.5,\"seed\":7}", "pipeline",
          "[[\"batcher\",\"1\",{}],[\"trainer\",\"1\",{\"seed\":7}]]", "history", "4",
          "delta_edges", "[60,3600]", "week_shift", "-7200");
    must(saved_model_open(&t, "model", &e), &e);
    tap_ok(!strcmp(t.class->name, "ii-rnn") && t.options->embedding == 32 && t.seed == 7,
           "the class, its options and the seed");
    struct model_options *usual = model_options_new(t.class);
    tap_ok(t.options->dropout == usual->dropout, "what the file does not say is the default");
    mem_free(usual);
    tap_ok(t.history == 4 && t.week_shift == -7200 && t.edges.len == 2 && t.edges.at[1] == 3600,
           "the data of its training");
    tap_ok(names_count(&t.items) == 2 && names_find(&t.items, bytes_of("y")) == 1, "its items");
    saved_model_chain(&t, &m);
    tap_ok(m.pipeline.len == 1 && m.pipeline.at[0].len == 18 &&
               !memcmp(m.pipeline.at[0].at,
                       "\x93\xa7trainer\xa1"
                       "1\x81\xa4seed\x07",
                       18),
           "the program that trained it");
    meta_release(&m);
    saved_model_close(&t);
}

static void fewer_texts(void)
{
    struct saved_model t;
    struct err e = {0};
    struct meta m = {.kind = STREAM_PREDICTIONS};
    WRITE(NULL, "model", "pop", "options", "{}");
    tap_ok(saved_model_open(&t, "model", &e) == STATUS_DATA, "%s", e.text);
    saved_model_close(&t);
    WRITE(NULL, "model", "narm", "options", "{}");
    must(saved_model_open(&t, "model", &e), &e);
    saved_model_chain(&t, &m);
    tap_ok(t.history == 15 && t.seed == 1 && !t.edges.len && !m.pipeline.len, "defaults");
    saved_model_close(&t);
    meta_release(&m);
}

static void refused(const char *key, const char *text, const char *expected)
{
    struct saved_model t;
    struct err e = {0};
    const char *texts[] = {"model", "ii-rnn", "options", "{}", key, text, NULL};
    for (int i = 0; i < 4; i += 2)
        if (!strcmp(texts[i], key))
            texts[i + 1] = text, texts[4] = NULL;
    write_model(texts, NULL);
    tap_ok(saved_model_open(&t, "model", &e) == STATUS_DATA && strstr(e.text, expected), "%s",
           e.text);
    saved_model_close(&t);
}

static void refusals(void)
{
    struct saved_model t;
    struct err e = {0};
    tap_ok(saved_model_open(&t, "no-such-model", &e) == STATUS_NOINPUT, "%s", e.text);
    saved_model_close(&t);
    refused("model", "", "__metadata__: model: is missing: trainer --save writes it");
    refused("options", "", "__metadata__: options: is missing");
    refused("model", "word2vec", "model: __metadata__: model: ");
    refused("options", "[]", "__metadata__: options: not an object of options");
    refused("options", "{", "__metadata__: options: ");
    refused("options", "{\"embedding\":0}", "__metadata__: options: embedding: ");
    refused("options", "{\"inter\":\"x\\u0000y\"}", "options: a text with a zero byte");
    refused("pipeline", "{}", "__metadata__: pipeline: expected a list of programs");
    refused("pipeline", "[[1]]", "__metadata__: pipeline: expected [program, version, {options}]");
    refused("history", "-1", "__metadata__: history: expected a whole number");
    refused("week_shift", "0.5", "__metadata__: week_shift: expected a whole number");
    refused("delta_edges", "[60,60]", "__metadata__: delta_edges: expected a list of ascending");
}

/* ---- is a stream measured as the training was? ---- */

static void checked(const char *parameter, const int64_t *edges, int64_t shift,
                    const char *expected, const char *name)
{
    struct saved_model t;
    struct err e = {0};
    struct meta m = {.kind = STREAM_BATCHES};
    WRITE(parameter, "model", "ii-rnn", "options", "{}", "delta_edges", "[60,3600]", "week_shift",
          "7200");
    must(saved_model_open(&t, "model", &e), &e);
    meta_set_i64s(&m, "delta_edges", edges, 2);
    meta_set_int(&m, "week_shift", shift);
    int status = saved_model_check(&t, &m, &e);
    tap_ok(expected ? status == STATUS_DATA && strstr(e.text, expected) : !status, "%s: %s", name,
           e.text);
    meta_release(&m);
    saved_model_close(&t);
}

static void checks(void)
{
    static const int64_t same[] = {60, 3600}, other[] = {60, 3601};
    checked("delta_embedding.weight", same, 0, NULL, "the same ages");
    checked("delta_embedding.weight", other, 0, "age buckets of its training were others",
            "other ages");
    checked("week_embedding.weight", other, 7200, NULL, "the same hours");
    checked("week_embedding.weight", other, 0, "shifted by 7200 s and in this stream by 0",
            "other hours");
    checked("bias", other, 0, NULL, "a model that attends to neither");
}

/* ---- the model that is compiled in ---- */

static void ready(void)
{
    struct saved_model t;
    struct model m;
    struct err e = {0};
    struct device *d = cpu_open(&(struct device_options){.threads = 1});
    const struct model_data data = {.users = 1, .items = 3};
    must(saved_model_open(&t, NULL, &e), &e);
    model_open(&m, t.class, t.options, &data, d);
    parameters_hold(&m.parameters, d);
    for (size_t i = 0; i < m.parameters.list.len; i++)
        d->op->fill(d, m.parameters.list.at[i]->value, 0, m.parameters.list.at[i]->count);
    int status = saved_model_weights(&t, &m, NULL, &e);
    double sum = 0;
    for (size_t i = 0; i < m.parameters.list.len; i++)
        for (size_t k = 0; k < m.parameters.list.at[i]->count; k++)
            sum += (double)(m.parameters.list.at[i]->value[k] * m.parameters.list.at[i]->value[k]);
    tap_ok(!status && t.ready && !strcmp(t.class->name, "wide") && sum > 1,
           "the ready-made model needs no file");
    model_close(&m);
    saved_model_close(&t);
    device_close(d);
}

int main(void)
{
    opened();
    fewer_texts();
    refusals();
    checks();
    ready();
    return tap_done();
}
