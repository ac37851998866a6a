/* What a model file says of its training. */
#include "train/save.h"

#include "cli/cli.h"

#include "../tap.h"
#include "tiny_model.h"

static const char *text_of(const struct safetensors *file, const char *key)
{
    for (size_t i = 0; i < file->texts.len; i++)
        if (!strcmp(file->texts.at[i].key, key)) {
            buf_byte(&file->texts.at[i].value, 0);
            return file->texts.at[i].value.at;
        }
    return "none";
}

static void is(const struct safetensors *file, const char *key, const char *expected)
{
    tap_ok(!strcmp(text_of(file, key), expected), "%s: %s", key, text_of(file, key));
}

/* Saves a model that was trained on a stream with the header; *file is opened. */
static void saved(const struct meta *meta, struct safetensors *file)
{
    struct tiny t;
    struct buf options = {0};
    struct err e = {0};
    float weights[64];
    const struct best best = {.weights = weights, .epoch = 3, .step = 40, .selected_on = "test"};
    tiny_usual(&t, "xy", "a", 1);
    for (size_t i = 0; i < t.model.parameters.count; i++)
        weights[i] = 100 + t.model.parameters.value[i];
    notation_value("{\"embedding\":2,\"lr\":0.5,\"init\":\"f\"}", &options);
    const struct training_texts texts = {.model = "gru",
                                         .program = "trainer",
                                         .options = {options.at, options.len},
                                         .meta = meta,
                                         .best = &best};
    must(save_model(&t.model, &texts, &t.names, "model", &e), &e);
    must(safetensors_open(file, "model", &e), &e);
    tap_ok(!model_file_read(&t.model, &t.names, file, &e) && TINY_HAS(&t, "bias", 101, 102),
           "the best weights are saved, not the last ones");
    buf_release(&options);
    tiny_close(&t);
}

int main(void)
{
    struct safetensors file;
    struct meta meta;
    stream_meta(&meta, STREAM_BATCHES);
    saved(&meta, &file);
    is(&file, "model", "gru");
    is(&file, "options", "{\"embedding\":2,\"lr\":0.5,\"init\":\"f\"}");
    is(&file, "pipeline",
       "[[\"maker\",\"1\",{}],[\"trainer\",\"" SESSPIPE_VERSION
       "\",{\"embedding\":2,\"lr\":0.5,\"init\":\"f\"}]]");
    is(&file, "epoch", "3");
    is(&file, "step", "40");
    is(&file, "selected_on", "test");
    is(&file, "history", "2");
    is(&file, "delta_edges", "[3600,7200,10800]");
    is(&file, "week_shift", "0");
    safetensors_close(&file);
    meta_release(&meta);
    stream_meta(&meta, STREAM_SESSIONS);
    saved(&meta, &file);
    is(&file, "history", "0"); /* its header has none */
    safetensors_close(&file);
    meta_release(&meta);
    return tap_done();
}
