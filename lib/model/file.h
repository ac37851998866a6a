/* The model file (sesspipe-model(5)): a model's parameters and its items' names as safetensors. */
#ifndef MODEL_FILE_H
#define MODEL_FILE_H

#include "base/names.h"
#include "model/model.h"
#include "nn/safetensors.h"

/* Whether a model could be saved under that name: asked before hours of training.  73: not. */
int model_file_check(const char *path, struct err *e);

/* Writes the weights (host, laid out as the flat buffer of the parameters), the names of the items
 * and the texts of `__metadata__`.  73, 74; the file from before stays whole then. */
int model_file_save(const struct model *m, const float *weights, const struct names *items,
                    const struct safetensors_text *texts, int text_count, const char *path,
                    struct err *e);

/* The names of the items in a model's file, in its order; *there (may be NULL: they have to be):
 * whether it has any.  65: names the field. */
int model_file_items(const struct safetensors *file, struct names *items, bool *there,
                     struct err *e);

/* Sets the allocated parameters from a file that has each of them under its name and shape.  With
 * names of items in the file their rows are matched by name, and items that it does not know keep
 * their initial values; without, by id.  65: names the field. */
int model_file_init(struct model *m, const struct names *items, const char *path, struct err *e);

/* The same from an open file. */
int model_file_read(struct model *m, const struct names *items, const struct safetensors *file,
                    struct err *e);

#endif
