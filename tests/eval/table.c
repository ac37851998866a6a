#include "eval/table.h"

#include "../tap.h"

static void wrote(struct table *t, const char *text)
{
    struct buf b = {0};
    table_write(t, &b);
    tap_ok(bytes_equal((struct bytes){b.at, b.len}, bytes_of(text)), "wrote\n# %.*s", (int)b.len,
           b.at);
    buf_release(&b);
}

int main(void)
{
    struct table t = {.columns = 3};
    table_cell(&t, "model");
    table_cell(&t, "n");
    table_cell(&t, "score");
    table_bytes(&t, bytes_of("Bj\xc3\xb6rk\tx"));
    table_cell(&t, "%d", 12);
    table_cell(&t, "0.1 \xc2\xb1 0.2");
    wrote(&t, "model     n      score\n"
              "Bj\xc3\xb6rk x  12  0.1 \xc2\xb1 0.2\n");
    table_cell(&t, "a");
    table_cell(&t, "b");
    wrote(&t, "a         b\n");
    table_cell(&t, "\xff");
    table_cell(&t, "%s", "");
    table_cell(&t, "c");
    wrote(&t, "\xff                    c\n");
    wrote(&t, "");
    table_release(&t);
    return tap_done();
}
