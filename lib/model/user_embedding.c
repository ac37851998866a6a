#include "model/user_embedding.h"

#include <stddef.h>

const struct option user_embedding_rows[] = {
    {OPTION_INT, .name = "users", .argument = "N", .recorded = true, .labels = LABEL_NAMED,
     .high = 65536, .at = offsetof(struct model_options, users),
     .help = "size of embeddings of users; 0: none"},
    {0},
};

const struct parameter *user_embedding_declare(struct model *m, int64_t size)
{
    return parameters_add_table(&m->parameters, "user_embedding.weight", 2,
                                (const int64_t[]){m->data.users, size}, 0);
}

struct tensor *user_rows(struct tape *t, const struct parameter *table, const struct batch *b,
                         const struct forward *f)
{
    struct tensor *x = tape_rows_of(t, table, column_i32(b->user), (int)b->user.len);
    return tape_gather(t, x, tape_rows(t, f->owner, f->targets));
}
