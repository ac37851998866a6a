#include "train/save.h"

#include <inttypes.h>

#include "base/json.h"
#include "cli/cli.h"
#include "train/model_file.h"
#include "stream/json.h"

static void append_packed(struct buf *to, struct bytes packed)
{
    struct cursor c = cursor_of(packed);
    json_packed(to, &c, CURSOR_DEPTH);
}

/* The pipeline of programs, this one last. */
static void append_pipeline(struct buf *to, const struct training_texts *texts)
{
    buf_byte(to, '[');
    for (size_t i = 0; i < texts->meta->pipeline.len; i++) {
        const struct buf *program = &texts->meta->pipeline.at[i];
        append_packed(to, (struct bytes){program->at, program->len});
        buf_byte(to, ',');
    }
    buf_byte(to, '[');
    json_text(to, bytes_of(texts->program));
    buf_byte(to, ',');
    json_text(to, bytes_of(SESSPIPE_VERSION));
    buf_byte(to, ',');
    append_packed(to, texts->options);
    buf_text(to, "]]");
}

enum {
    TEXT_MODEL,
    TEXT_OPTIONS,
    TEXT_PIPELINE,
    TEXT_EPOCH,
    TEXT_STEP,
    TEXT_SELECTED,
    TEXT_HISTORY, /* the next ones are as in the input's header */
    TEXT_EDGES,
    TEXT_SHIFT,
    TEXT_DWELL, /* these where the header has them */
    TEXT_REVERSED,
    TEXTS
};
static const char *const key[TEXTS] = {"model",      "options",     "pipeline", "epoch",
                                       "step",       "selected_on", "history",  "delta_edges",
                                       "week_shift", "dwell_edges", "reversed"};

int save_model(const struct model *m, const struct training_texts *texts,
               const struct model_names *names, const char *path, struct err *e)
{
    struct safetensors_text text[TEXTS];
    int count = 0;
    for (int i = 0; i < TEXTS; i++)
        if (i < TEXT_DWELL || meta_find(texts->meta, key[i]).len)
            text[count++] = (struct safetensors_text){mem_copy(key[i], strlen(key[i])), {0}};
    buf_text(&text[TEXT_MODEL].value, texts->model);
    append_packed(&text[TEXT_OPTIONS].value, texts->options);
    append_pipeline(&text[TEXT_PIPELINE].value, texts);
    buf_format(&text[TEXT_EPOCH].value, "%" PRId64, texts->best->epoch);
    buf_format(&text[TEXT_STEP].value, "%" PRId64, texts->best->step);
    buf_text(&text[TEXT_SELECTED].value, texts->best->selected_on);
    for (int i = TEXT_HISTORY; i < count; i++) {
        struct bytes value = meta_find(texts->meta, text[i].key);
        append_packed(&text[i].value, value.len ? value : (struct bytes){"", 1}); /* 0 */
    }
    int status =
        model_file_save(m, texts->best->weights, names, texts->index, text, count, path, e);
    for (int i = 0; i < count; i++) {
        mem_free(text[i].key);
        buf_release(&text[i].value);
    }
    return status;
}
