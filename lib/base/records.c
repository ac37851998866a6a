#include "base/records.h"

const char *const part_name[4] = {"none", "train", "validation", "test"};

size_t column_size(enum column_type type)
{
    static const size_t size[] = {0, 4, 8, 4, 1};
    return type <= COLUMN_U8 ? size[type] : 0;
}
